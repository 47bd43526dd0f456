import { type Places, selectPlaces } from '../../channels/select-slices.ts';
import type { Tensors } from '../../runtime/executor.ts';
import { slotNames } from '../../training/optimizers.ts';
import type { ReducedNetwork } from './prunable-sets.ts';

/** The training state of a further reduced network, without masks: parameters and their optimiser states. */
export function sliceState(state: Tensors, before: ReducedNetwork, after: ReducedNetwork): Tensors {
  const left = new Set(after.network.initializers.map(({ name }) => name));
  return Object.fromEntries(
    before.network.initializers.flatMap(({ name }) => {
      if (!left.has(name)) return [];
      const places = placesWithin(before.kept.get(name), after.kept.get(name));
      // A name that belongs to an initializer cannot be an optimiser state.
      const slots = slotNames(name).filter((slot) => !left.has(slot));
      return [name, ...slots].flatMap((each) =>
        state[each] ? [[each, selectPlaces(state[each], places)] as const] : [],
      );
    }),
  );
}

/** The indices that remain after a reduction, relative to those that remained before. */
function placesWithin(before: Places = new Map(), after: Places = new Map()): Places {
  return new Map(
    [...after].map(([axis, places]) => {
      const was = before.get(axis);
      if (!was) return [axis, places];
      const at = new Map(Array.from(was, (place, i) => [place, i]));
      return [axis, Array.from(places, (place) => at.get(place)!)];
    }),
  );
}
