import type { Graph, Value } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { removeDeadNodes } from '../graph/topology.ts';
import { elementCount } from '../numeric/tensor.ts';
import type { Channels } from './coupling/channels.ts';
import { inputReplacer } from './coupling/constants.ts';
import type { Found, Kept } from './coupling/scope.ts';
import { selectSlices } from './select.ts';

/** Takes classes of channels out of the graph that was coupled, in place: parameters are sliced, nodes fitted. */
export function removeChannels(graph: Graph, found: Found, removed: ReadonlySet<number>): void {
  const kept = keptOf(found, removed);
  for (const { value, channels } of found.slicings) {
    for (const axis of channels.axes) sliceAxis(value, axis, kept.along(channels, axis));
  }
  const replaceInput = inputReplacer(graph);
  for (const edit of found.edits) edit(kept, replaceInput);
  removeDeadNodes(graph);
  inferShapes(graph);
}

function sliceAxis(value: Value, axis: number, places: readonly number[]): void {
  const tensor = value.tensor!;
  if (places.length === tensor.shape[axis]) return;
  value.tensor = selectSlices(tensor, axis, places);
  value.shape = value.tensor.shape;
}

function keptOf({ classes }: Found, removed: ReadonlySet<number>): Kept {
  const has = (label: number): boolean => !removed.has(classes.find(label));
  const count = (labels: ArrayLike<number>): number => {
    let sum = 0;
    for (let i = 0; i < labels.length; i++) if (has(labels[i]!)) sum++;
    return sum;
  };
  return { has, count, along: (channels, axis) => placesAlong(channels, axis, has) };
}

/** The places along an axis at which anything stays. */
function placesAlong(
  { axes, sizes, labels }: Channels,
  axis: number,
  has: (label: number) => boolean,
): number[] {
  const at = axes.indexOf(axis);
  const size = sizes[at]!;
  const inner = elementCount(sizes.slice(at + 1));
  const stays = new Array<boolean>(size).fill(false);
  labels.forEach((label, i) => {
    if (has(label)) stays[Math.floor(i / inner) % size] = true;
  });
  return [...stays.keys()].filter((place) => stays[place]);
}
