import type { Builder } from '../../src/graph/builder.ts';
import { staticShape, type Value } from '../../src/graph/graph.ts';
import { normals } from './run-graph.ts';

/** One layer on a value that came before: `from` and `other` count back. */
export interface Layer {
  readonly kind: string;
  readonly from: number;
  readonly other: number;
  readonly filters: number;
}

interface Call {
  readonly g: Builder;
  readonly x: Value;
  readonly layer: Layer;
  readonly values: readonly Value[];
  readonly seed: number;
}

const channelsOf = (value: Value) => Number(value.shape![1]);
const sizeOf = (value: Value) => Number(value.shape![2]);
export const weight = (g: Builder, shape: readonly number[], seed: number, scale = 0.5) =>
  g.constant(normals(shape, seed, scale));

interface Filters {
  readonly filters: number;
  readonly kernel: number;
  readonly group: number;
  readonly seed: number;
}

export function convolved(g: Builder, x: Value, { filters, kernel, group, seed }: Filters): Value {
  const inputs = channelsOf(x) / group;
  const w = weight(g, [filters, inputs, kernel, kernel], seed, 1 / (kernel * Math.sqrt(inputs)));
  const pad = (kernel - 1) / 2;
  return g.Conv(x, w, weight(g, [filters], seed + 1), { group, pads: [pad, pad, pad, pad] });
}

/** What each kind appends; nothing where the value does not fit it. */
export const rows: Readonly<Record<string, (call: Call) => Value[]>> = {
  Conv: ({ g, x, layer: { filters }, seed }) => [
    g.Relu(convolved(g, x, { filters, kernel: 3, group: 1, seed })),
  ],
  Grouped: ({ g, x, layer: { filters }, seed }) =>
    channelsOf(x) % 2 ? [] : [convolved(g, x, { filters, kernel: 3, group: 2, seed })],
  Depthwise: ({ g, x, layer: { other }, seed }) => {
    const group = channelsOf(x);
    return [convolved(g, x, { filters: group * (1 + (other % 2)), kernel: 3, group, seed })];
  },
  ConvTranspose: ({ g, x, layer: { filters }, seed }) =>
    sizeOf(x) > 8
      ? []
      : [g.ConvTranspose(x, weight(g, [channelsOf(x), filters, 2, 2], seed), null, { strides: [2, 2] })],
  /** A squeeze-excitation gate. */
  Gate: ({ g, x, seed }) => {
    const squeezed = convolved(g, g.GlobalAveragePool(x), { filters: 4, kernel: 1, group: 1, seed });
    const gate = convolved(g, g.Relu(squeezed), {
      filters: channelsOf(x),
      kernel: 1,
      group: 1,
      seed: seed + 3,
    });
    return [g.Mul(x, g.Sigmoid(gate))];
  },
  Shuffle: ({ g, x }) => {
    const [count, size] = [channelsOf(x), sizeOf(x)];
    if (count % 2) return [];
    const split = g.Reshape(x, g.int64s([-1, 2, count / 2, size, size]));
    return [g.Reshape(g.Transpose(split, { perm: [0, 2, 1, 3, 4] }), g.int64s([-1, count, size, size]))];
  },
  Split: ({ g, x, layer: { other } }) => {
    const first = 1 + (other % Math.max(1, channelsOf(x) - 1));
    if (first >= channelsOf(x)) return [];
    return g.node('Split', [x, g.int64s([first, channelsOf(x) - first])], { axis: 1 }, 2);
  },
  Slice: ({ g, x, layer: { other } }) => [
    g.Slice(x, g.int64s([other % channelsOf(x)]), g.int64s([channelsOf(x)]), g.int64s([1]), g.int64s([2])),
  ],
  Gather: ({ g, x, layer: { other } }) => {
    const picked = [...Array(channelsOf(x)).keys()].reverse().slice(0, other + 1);
    return [g.Gather(x, g.int64s(picked), { axis: 1 })];
  },
  Concat: ({ g, x, layer, values }) => {
    const alike = values.filter((value) => sizeOf(value) === sizeOf(x));
    return [g.Concat(x, alike[layer.other % alike.length]!, { axis: 1 })];
  },
  Add: ({ g, x, layer, values }) => {
    const alike = values.filter((value) => staticTail(value) === staticTail(x));
    return [g.Add(x, alike[layer.other % alike.length]!)];
  },
  PadChannels: ({ g, x, layer: { other } }) => [g.Pad(x, g.int64s([0, 1, 0, 0, 0, other, 0, 0]))],
  BatchNormalization: ({ g, x, seed }) => {
    const [scale, shift, mean] = [0, 1, 2].map((i) => weight(g, [channelsOf(x)], seed + i));
    const variance = g.floats(Array.from({ length: channelsOf(x) }, (_, c) => 0.5 + (c % 3)));
    return [g.BatchNormalization(x, scale!, shift!, mean!, variance)];
  },
  PRelu: ({ g, x, seed }) => [g.PRelu(x, weight(g, [channelsOf(x), 1, 1], seed))],
  Relu: ({ g, x }) => [g.Relu(x)],
  MaxPool: ({ g, x }) =>
    sizeOf(x) < 4 ? [] : g.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] }, 1),
  Resize: ({ g, x }) =>
    sizeOf(x) > 8 ? [] : g.node('Resize', [x, null, g.floats([1, 1, 2, 2])], { mode: 'nearest' }, 1),
  DepthToSpace: ({ g, x, layer: { other } }) =>
    channelsOf(x) % 4 || sizeOf(x) > 8
      ? []
      : [g.DepthToSpace(x, { blocksize: 2, mode: other % 2 ? 'CRD' : 'DCR' })],
  SpaceToDepth: ({ g, x }) => (sizeOf(x) % 2 ? [] : [g.SpaceToDepth(x, { blocksize: 2 })]),
  /** To [N, H·W, C], a product there, and back. */
  Tokens: ({ g, x, layer: { filters }, seed }) => {
    const size = sizeOf(x);
    const tokens = g.Transpose(g.Reshape(x, g.int64s([0, channelsOf(x), -1])), { perm: [0, 2, 1] });
    const made = g.Add(
      g.MatMul(tokens, weight(g, [channelsOf(x), filters], seed)),
      weight(g, [filters], seed + 1),
    );
    return [g.Reshape(g.Transpose(g.Relu(made), { perm: [0, 2, 1] }), g.int64s([0, 0, size, size]))];
  },
  GroupNormalization: ({ g, x, seed }) =>
    channelsOf(x) % 2
      ? []
      : [
          g.GroupNormalization(x, weight(g, [channelsOf(x)], seed), weight(g, [channelsOf(x)], seed + 1), {
            num_groups: channelsOf(x) / 2,
          }),
        ],
  LayerNormalization: ({ g, x, seed }) => {
    const rows = g.Transpose(x, { perm: [0, 2, 3, 1] });
    const normal = g.LayerNormalization(rows, weight(g, [channelsOf(x)], seed), null, { axis: -1 });
    return [g.Transpose(g.node('Identity', [normal], {}, 1)[0]!, { perm: [0, 3, 1, 2] })];
  },
  /** A constant beside the channels. */
  Constant: ({ g, x, seed }) => {
    const size = sizeOf(x);
    return [g.Add(x, weight(g, [1, channelsOf(x), size, size], seed, 0.1))];
  },
  Mean: ({ g, x }) => [g.Mul(x, g.ReduceMean(x, g.int64s([2, 3])))],
};

const staticTail = (value: Value) => staticShape({ ...value, shape: value.shape!.slice(1) }).join();
