import { type Places, selectPlaces } from '../../channels/select-slices.ts';
import type { Tensors } from '../../runtime/executor.ts';
import { slotNames } from '../../training/optimizers.ts';
import type { ReducedNetwork } from './prunable-sets.ts';

/** The state of training a network that was reduced further, without that of its masks: parameters and what optimisers keep of them. */
export function sliceState(state: Tensors, before: ReducedNetwork, after: ReducedNetwork): Tensors {
  const left = new Set(after.network.initializers.map(({ name }) => name));
  return Object.fromEntries(
    before.network.initializers.flatMap(({ name }) => {
      if (!left.has(name)) return [];
      const places = placesWithin(before.kept.get(name), after.kept.get(name));
      // A name that is an initializer's own is nobody's slot.
      const slots = slotNames(name).filter((slot) => !left.has(slot));
      return [name, ...slots].flatMap((each) =>
        state[each] ? [[each, selectPlaces(state[each], places)] as const] : [],
      );
    }),
  );
}

/** The places of what is left after, counted in what was left before. */
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
