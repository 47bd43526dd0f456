import type { Graph, Node, Value } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { connections, removeDeadNodes } from '../graph/topology.ts';
import { inputReplacer } from './coupling/constants.ts';
import type { ChannelCoupling, KeptChannels, ParameterSlicing } from './coupling/scope.ts';
import { placesAlong, survivors } from './coupling/survivors.ts';
import { duplicateSharedInitializers } from './duplicate-shared-initializers.ts';
import { cutCodes } from './quantized-weights.ts';
import { selectPlaces } from './select-slices.ts';

/** The kept indices of a parameter, by axis. */
export interface ParameterCut {
  readonly value: Value;
  readonly places: ReadonlyMap<number, readonly number[]>;
}

/** The parts of a coupling that removal needs. */
export type Removable = Pick<ChannelCoupling, 'sets' | 'slicings' | 'edits'>;

/**
 * Removes channel sets from the coupled graph, in place: slices its parameters and adapts its nodes. Returns the changes of
 * parameters.
 */
export function removeChannels(
  graph: Graph,
  coupling: Removable,
  removed: ReadonlySet<number>,
): readonly ParameterCut[] {
  const kept = keptOf(coupling, removed);
  const slicings = duplicateSharedInitializers(graph, coupling.slicings, kept);
  const cuts = [...keptPlaces(slicings, kept)].map(([value, places]) => ({ value, places }));
  const replaceInput = inputReplacer(graph);
  const { producer } = connections(graph);
  const shared = new Map<Value, Value>();
  for (const { value, places } of cuts) {
    value.tensor = selectPlaces(value.tensor!, places);
    value.shape = value.tensor.shape;
    const decoder = producer.get(value);
    if (decoder) keepShared(decoder, shared, () => cutCodes(decoder, places, replaceInput));
  }
  for (const { node, apply } of coupling.edits) apply(node, kept, replaceInput);
  removeDeadNodes(graph);
  inferShapes(graph);
  return cuts;
}

/** Values that several nodes share before a change stay shared after it. */
function keepShared(node: Node, shared: Map<Value, Value>, change: () => void): void {
  const before = [...node.inputs];
  change();
  before.forEach((value, index) => {
    const now = node.inputs[index];
    if (!value || !now || value === now) return;
    node.inputs[index] = shared.get(value) ?? now;
    shared.set(value, node.inputs[index]!);
  });
}

/** The kept indices of each parameter that loses any, by axis. */
function keptPlaces(
  slicings: readonly ParameterSlicing[],
  kept: KeptChannels,
): Map<Value, Map<number, number[]>> {
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

function keptOf(coupling: Removable, removed: ReadonlySet<number>): KeptChannels {
  const stays = survivors(coupling, removed);
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
