import { isPadded } from '../graph/convolution.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { attributesOf, knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { fixedWindow } from '../graph/window.ts';
import { toNumbers } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';

/**
 * For each value, its constant channels: the number if a channel depends neither on the network's input nor on the position,
 * else NaN.
 */
export type ConstantChannels = ReadonlyMap<Value, Float64Array>;

type Rule = (node: Node, inputs: readonly (Float64Array | null)[]) => Float64Array | null;

const pointwise =
  (f: (x: number, node: Node) => number): Rule =>
  (node, [x]) =>
    x ? x.map((value) => f(value, node)) : null;

const keep = pointwise((x) => x);
/** Padding with zeros only keeps zero channels constant. */
const keepZero = pointwise((x) => (x === 0 ? 0 : Number.NaN));
function isPaddedPool(node: Node): boolean {
  const attributes = attributesOf(node, 'AveragePool');
  const window = fixedWindow(node, attributes, attributes.kernel_shape ?? []);
  return !window || isPadded(window);
}

/** Maximum number of columns that are tracked. */
const MOST_COLUMNS = 2 ** 24;

/** [N, C, H, W] → [N, C·H·W]: each channel becomes H·W equal columns. */
function flattened(node: Node, [x]: readonly (Float64Array | null)[]): Float64Array | null {
  const shape = node.inputs[0]?.shape ?? [];
  const block = shape
    .slice(2)
    .reduce<number>((product, size) => product * (typeof size === 'number' ? size : Number.NaN), 1);
  const columns = node.outputs[0]?.shape?.[1];
  const isFollowed = typeof columns === 'number' && columns <= MOST_COLUMNS;
  if (!x || !isFollowed || node.outputs[0]?.shape?.length !== 2 || columns !== x.length * block) return null;
  return Float64Array.from({ length: columns }, (_, i) => x[Math.floor(i / block)]!);
}

function keepSpatialMean(node: Node, [x]: readonly (Float64Array | null)[]): Float64Array | null {
  const axes = node.inputs[1]?.tensor
    ? toNumbers(node.inputs[1].tensor)
    : attributesOf(node, 'ReduceMean').axes;
  return x && axes?.every((axis) => axis >= 2 || axis === -1 || axis === -2) ? x : null;
}

/** A bound of Clip; NaN, which marks all channels as variable, if it is computed. */
const boundOf = (bound: Value | null | undefined, absent: number): number =>
  bound ? Number(bound.tensor?.data[0] ?? Number.NaN) : absent;

const rules: { readonly [Op in OperatorName]?: Rule } = {
  Relu: pointwise((x) => (x > 0 ? x : x <= 0 ? 0 : Number.NaN)),
  LeakyRelu: pointwise((x, node) => (x >= 0 ? x : x * attributesOf(node, 'LeakyRelu').alpha)),
  Sigmoid: pointwise((x) => 1 / (1 + Math.exp(-x))),
  Tanh: pointwise(Math.tanh),
  Identity: keep,
  Dropout: keep,
  MaxPool: keep,
  GlobalAveragePool: keep,
  GlobalMaxPool: keep,
  AveragePool: (node, inputs) => (isPaddedPool(node) ? keepZero : keep)(node, inputs),
  Clip(node, [x]) {
    const low = boundOf(node.inputs[1], Number.NEGATIVE_INFINITY);
    const high = boundOf(node.inputs[2], Number.POSITIVE_INFINITY);
    return x?.map((value) => Math.min(Math.max(value, low), high)) ?? null;
  },
  BatchNormalization(node, [x]) {
    const [scale, shift, mean, variance] = node.inputs
      .slice(1)
      .map((value) => value?.tensor?.data as Float32Array | undefined);
    if (!scale || !shift || !mean || !variance) return null;
    const { epsilon } = attributesOf(node, 'BatchNormalization');
    return Float64Array.from(zip(scale, shift, mean, variance), ([s, b, m, v], c) =>
      s === 0 ? b : (s * ((x?.[c] ?? Number.NaN) - m)) / Math.sqrt(v + epsilon) + b,
    );
  },
  Conv(node, [x]) {
    const weight = node.inputs[1]?.tensor;
    const bias = node.inputs[2]?.tensor?.data as Float32Array | undefined;
    if (!weight || (node.inputs[2] && !bias)) return null;
    const [filters = 0] = weight.shape;
    const { group } = attributesOf(node, 'Conv');
    const size = weight.data.length / filters;
    const channels = weight.shape[1]!;
    const data = weight.data as Float32Array;
    return Float64Array.from({ length: filters }, (_, m) => {
      const first = Math.floor((m * group) / filters) * channels;
      for (let i = 0; i < size; i++) {
        const channel = first + Math.floor((i * channels) / size);
        if (data[m * size + i] !== 0 && x?.[channel] !== 0) return Number.NaN;
      }
      return bias?.[m] ?? 0;
    });
  },
  Flatten: flattened,
  Reshape: flattened,
  ReduceMean: keepSpatialMean,
  Add: (_, [a, b]) =>
    a && b && a.length === b.length ? Float64Array.from(zip(a, b), ([x, y]) => x + y) : null,
};

/** Finds the constant channels in one pass through the network. */
export function constantChannels(graph: Graph): ConstantChannels {
  const known = new Map<Value, Float64Array>();
  for (const node of graph.nodes) {
    const op = knownOperator(node);
    const rule = op && rules[op];
    const output = node.outputs[0];
    if (!rule || !output) continue;
    const found = rule(
      node,
      node.inputs.map((value) => (value && known.get(value)) ?? null),
    );
    if (found?.some((value) => !Number.isNaN(value))) known.set(output, found);
  }
  return known;
}
