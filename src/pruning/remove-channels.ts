import type { Graph, Value } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { removeDeadNodes } from '../graph/topology.ts';
import { elementCount } from '../numeric/tensor.ts';
import type { Channels } from './coupling/channels.ts';
import { inputReplacer } from './coupling/constants.ts';
import type { Found, Kept, Slicing } from './coupling/scope.ts';
import { selectPlaces } from './select.ts';

/** The places of a parameter that stayed, by axis. */
export interface ParameterCut {
  readonly value: Value;
  readonly places: ReadonlyMap<number, readonly number[]>;
}

/**
 * Takes classes of channels out of the graph that was coupled, in place: parameters are sliced, nodes fitted. Returns what
 * was done to parameters.
 */
export function removeChannels(
  graph: Graph,
  found: Found,
  removed: ReadonlySet<number>,
): readonly ParameterCut[] {
  const kept = keptOf(found, removed);
  const cuts = [...keptPlaces(found.slicings, kept)].map(([value, places]) => ({ value, places }));
  for (const { value, places } of cuts) {
    value.tensor = selectPlaces(value.tensor!, places);
    value.shape = value.tensor.shape;
  }
  const replaceInput = inputReplacer(graph);
  for (const edit of found.edits) edit(kept, replaceInput);
  removeDeadNodes(graph);
  inferShapes(graph);
  return cuts;
}

/** The places that stay of each parameter that loses any, by axis. */
function keptPlaces(slicings: readonly Slicing[], kept: Kept): Map<Value, Map<number, number[]>> {
  const cuts = new Map<Value, Map<number, number[]>>();
  for (const { value, channels } of slicings) {
    for (const axis of channels.axes) {
      const places = kept.along(channels, axis);
      if (places.length === value.tensor!.shape[axis]) continue;
      const known = cuts.get(value);
      if (known) known.set(axis, places);
      else cuts.set(value, new Map([[axis, places]]));
    }
  }
  return cuts;
}

function keptOf({ classes }: Found, removed: ReadonlySet<number>): Kept {
  const stays = new Uint8Array(classes.count);
  for (let label = 0; label < stays.length; label++) stays[label] = removed.has(classes.find(label)) ? 0 : 1;
  return {
    has: (label) => stays[label] === 1,
    count(labels) {
      let sum = 0;
      for (let i = 0; i < labels.length; i++) sum += stays[labels[i]!]!;
      return sum;
    },
    along: (channels, axis) => placesAlong(channels, axis, stays),
  };
}

/** The places along an axis at which anything stays. */
function placesAlong({ axes, sizes, labels }: Channels, axis: number, stays: Uint8Array): number[] {
  const at = axes.indexOf(axis);
  const size = sizes[at]!;
  const inner = elementCount(sizes.slice(at + 1));
  const anything = new Uint8Array(size);
  for (let i = 0; i < labels.length; i++)
    if (stays[labels[i]!] === 1) anything[Math.floor(i / inner) % size] = 1;
  const places: number[] = [];
  for (let place = 0; place < size; place++) if (anything[place] === 1) places.push(place);
  return places;
}
