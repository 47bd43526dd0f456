import { type Refusal, refuse } from '../graph/edit/refused.ts';
import { type Graph, type Node, nodeLabel } from '../graph/graph.ts';
import { attributesOf, isOneOf } from '../graph/operators/index.ts';
import { connections } from '../graph/topology.ts';
import { elementCount, floats, type Tensor } from '../numeric/tensor.ts';
import type { Channels } from './coupling/channels.ts';
import type { ChannelCoupling, CoupledLayer } from './coupling/scope.ts';
import { selectSlices } from './select-slices.ts';

/** The layers that share channels with no other layer. */
export interface UncoupledLayers {
  readonly graph: Graph;
  readonly found: ChannelCoupling;
  /** Why a convolution's filters cannot be removed or reordered independently; null if they can. */
  sharedBecause(conv: Node): Refusal | null;
  /** Whether another node reads the weight of a convolution. */
  sharesWeight(conv: Node): boolean;
}

/** Finds the layers of a coupled graph that share neither channels nor the parameters sliced with them. */
export function uncoupledLayers(graph: Graph, found: ChannelCoupling): UncoupledLayers {
  const { sets } = found;
  const layerOf = new Map(found.layers.map((layer) => [layer.node, layer]));
  const members = new Int32Array(sets.count);
  for (let label = 0; label < sets.count; label++) members[sets.find(label)]!++;
  const parameters = sharedParameters(graph, found);
  const { uses } = connections(graph);
  const sharedBecause = (conv: Node): Refusal | null => {
    const layer = layerOf.get(conv);
    const hasWeight = !!conv.inputs[1]?.tensor;
    if (!layer && !hasWeight) return refuse('not-constant', 'its weight is not constant');
    if (!layer || attributesOf(conv, 'Conv').group !== 1) return refuse('unsupported', 'it has groups');
    const labels = Array.from({ length: layer.count }, (_, filter) => layer.first + filter);
    const pinned = labels.map(sets.reasonOf).find((reason) => reason !== null);
    if (pinned) return refuse('shared', pinned);
    if (labels.some((label) => members[sets.find(label)]! > 1))
      return refuse('shared', meetingPlace(graph, found, layer));
    const parameter = labels.map((label) => parameters.get(label)).find((name) => name !== undefined);
    return parameter === undefined ? null : refuse('shared', `${parameter} is shared or not constant`);
  };
  const sharesWeight = ({ inputs: [, weight] }: Node) => !!weight && (uses.get(weight)?.length ?? 0) > 1;
  return { graph, found, sharedBecause, sharesWeight };
}

/** The parameters with several readers, by the labels with which they are sliced. */
function sharedParameters(graph: Graph, { slicings }: ChannelCoupling): Map<number, string> {
  const { uses } = connections(graph);
  const shared = new Map<number, string>();
  for (const { value, channels } of slicings) {
    if ((uses.get(value)?.length ?? 0) <= 1) continue;
    for (const label of channels.labels) shared.set(label, value.name);
  }
  return shared;
}

/** The node at which a layer's channels are joined with others. */
function meetingPlace(
  { nodes }: Graph,
  { carried, sets }: ChannelCoupling,
  { first, count }: CoupledLayer,
): string {
  const own = new Set(Array.from({ length: count }, (_, filter) => sets.find(first + filter)));
  const isOther = (label: number) => (label < first || label >= first + count) && own.has(sets.find(label));
  const meeting = nodes.find(
    ({ inputs }) =>
      inputs.some((value) => holds(value && carried.get(value), isOther)) &&
      inputs.some((value) =>
        holds(value && carried.get(value), (label) => label >= first && label < first + count),
      ),
  );
  return meeting
    ? `it is read by ${nodeLabel(meeting)}`
    : 'some of its channels can only be removed together';
}

const holds = (channels: Channels | null | undefined, test: (label: number) => boolean): boolean =>
  channels?.labels.some(test) ?? false;

/**
 * Reorders the filters of an uncoupled layer, and the weights that read them. Returns false without changing anything if the
 * channels are reordered or concatenated with others anywhere.
 */
export function reorderFilters({ found }: UncoupledLayers, conv: Node, order: readonly number[]): boolean {
  const layer = layerInOrder(found, conv);
  if (!layer) return false;
  for (const { value, axis, block } of ownSlices(found, layer)) {
    value.tensor = selectSlices(value.tensor!, axis, order, block);
  }
  return true;
}

/** Nodes that do not depend on the number of channels. */
const isSizeless = isOneOf(
  'BatchNormalization',
  'Relu',
  'LeakyRelu',
  'PRelu',
  'Clip',
  'Sigmoid',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'Dropout',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Flatten',
);

/**
 * Appends filters of zeros to an uncoupled layer, and zeros to the weights that read them. Returns false without changing
 * anything if {@link reorderFilters} would, or if a node stores the number of channels.
 */
export function extendFilters({ graph, found }: UncoupledLayers, conv: Node, more: number): boolean {
  const layer = layerInOrder(found, conv);
  if (!layer) return false;
  const carried = new Set(
    [...found.carried].filter(([, { labels }]) => labels.some(isOf(layer))).map(([value]) => value),
  );
  const passed = graph.nodes.filter(
    (node) => node !== conv && node.outputs.some((value) => value && carried.has(value)),
  );
  if (!passed.every(isSizeless)) return false;
  for (const { value, axis, block } of ownSlices(found, layer)) {
    value.tensor = withZeros(value.tensor!, axis, more * block);
    value.shape = value.tensor.shape;
  }
  return true;
}

const isOf =
  ({ first, count }: CoupledLayer) =>
  (label: number): boolean =>
    label >= first && label < first + count;

/** The layer of a convolution; null if its channels are reordered or concatenated with others anywhere. */
function layerInOrder({ layers, carried, slicings }: ChannelCoupling, conv: Node): CoupledLayer | null {
  const layer = layers.find(({ node }) => node === conv);
  if (!layer) return null;
  const tensors = [...carried.values(), ...slicings.map(({ channels }) => channels)];
  const concerned = tensors.filter(({ labels }) => labels.some(isOf(layer)));
  const inOrder = ({ axes, labels }: Channels) =>
    axes.length === 1 &&
    labels.every((label, i) => label === layer.first + Math.floor(i / (labels.length / layer.count)));
  return concerned.every(inOrder) ? layer : null;
}

/** The parameters that a layer's channels slice, with the axis, and the number of indices per channel. */
function ownSlices({ slicings }: ChannelCoupling, layer: CoupledLayer) {
  const concerned = slicings.filter(({ channels }) => channels.labels.some(isOf(layer)));
  return concerned.map(({ value, channels }) => ({
    value,
    axis: channels.axes[0]!,
    block: channels.labels.length / layer.count,
  }));
}

/** Appends zeros to a float32 tensor along one axis. */
function withZeros(tensor: Tensor, axis: number, more: number): Tensor {
  const size = tensor.shape[axis]!;
  const inner = elementCount(tensor.shape.slice(axis + 1));
  const shape = tensor.shape.with(axis, size + more);
  const data = new Float32Array(elementCount(shape));
  const source = tensor.data as Float32Array;
  for (let o = 0; o * size * inner < source.length; o++) {
    data.set(source.subarray(o * size * inner, (o + 1) * size * inner), o * (size + more) * inner);
  }
  return floats(shape, data);
}
