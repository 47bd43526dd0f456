import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import { conv } from './coupled-networks.ts';
import { normals } from './run-graph.ts';

/** [1, 6, 8, 8] → [1, 64, 6]: what transformers call tokens. */
const tokensOf = (g: Builder, x: Value) =>
  g.Transpose(g.Reshape(x, g.int64s([1, 6, 64])), { perm: [0, 2, 1] });
const imageOf = (g: Builder, tokens: Value) =>
  g.Reshape(g.Transpose(tokens, { perm: [0, 2, 1] }), g.int64s([1, Number(tokens.shape![2]), 8, 8]));

const weight = (g: Builder, shape: readonly number[], seed: number) => g.constant(normals(shape, seed, 0.4));

/** (x − mean) / √(variance + ε) · γ + β over the last axis, operator by operator, as opset 16 has it. */
function layerNorm(g: Builder, x: Value, seed: number): Value {
  const width = Number(x.shape!.at(-1));
  const centred = g.Sub(x, g.ReduceMean(x, g.int64s([-1])));
  const variance = g.ReduceMean(g.Pow(centred, g.floats(2)), g.int64s([-1]));
  const normal = g.Div(centred, g.Sqrt(g.Add(variance, g.floats(1e-5))));
  return g.Add(g.Mul(normal, weight(g, [width], seed)), weight(g, [width], seed + 1));
}

/** x·Φ(x), as exporters spell it. */
const gelu = (g: Builder, x: Value) =>
  g.Mul(g.Mul(x, g.Add(g.Erf(g.Div(x, g.floats(Math.SQRT2))), g.floats(1))), g.floats(0.5));

/** Blocks of transformers, and other products of matrices, on the network of `network`. */
export const transformerCouplings: Record<string, (g: Builder, x: Value) => Value> = {
  'the inner width of an MLP behind a normalisation': (g, x) => {
    const tokens = g.MatMul(tokensOf(g, x), weight(g, [6, 8], 1));
    const normal = layerNorm(g, tokens, 2);
    const wide = g.Add(g.named('up').MatMul(normal, weight(g, [8, 20], 4)), weight(g, [20], 5));
    const narrow = g.MatMul(gelu(g, wide), weight(g, [20, 8], 6));
    return imageOf(g, g.Add(tokens, g.Mul(narrow, weight(g, [8], 7))));
  },
  'attention of packed queries, keys and values': (g, x) => {
    const packed = g.named('qkv').MatMul(tokensOf(g, x), weight(g, [6, 36], 1));
    const split = g.Transpose(g.Reshape(packed, g.int64s([1, 64, 3, 3, 4])), { perm: [2, 0, 3, 1, 4] });
    const [q, k, v] = [0, 1, 2].map((i) => g.Gather(split, g.constant(scalarIndex(i)), { axis: 0 }));
    const bias = g.constant(normals([1, 3, 64, 64], 8));
    const logits = g.Add(g.MatMul(q!, g.Transpose(k!, { perm: [0, 1, 3, 2] })), bias);
    const mixed = g.MatMul(g.Softmax(logits, { axis: -1 }), v!);
    const rows = g.Reshape(g.Transpose(mixed, { perm: [0, 2, 1, 3] }), g.int64s([1, 64, 12]));
    return imageOf(g, g.named('out').MatMul(rows, weight(g, [12, 6], 9)));
  },
  'attention whose heads are folded into the batch': (g, x) => {
    const packed = g.Add(g.named('qkv').MatMul(tokensOf(g, x), weight(g, [6, 36], 1)), weight(g, [36], 2));
    const parts = [0, 12, 24].map((from) => {
      const part = g.Slice(packed, g.int64s([from]), g.int64s([from + 12]), g.int64s([2]));
      return g.Transpose(g.Reshape(part, g.int64s([64, 3, 4])), { perm: [1, 0, 2] });
    });
    const logits = g.MatMul(parts[0]!, g.Transpose(parts[1]!, { perm: [0, 2, 1] }));
    const mixed = g.Transpose(g.MatMul(g.Softmax(logits, { axis: -1 }), parts[2]!), { perm: [1, 0, 2] });
    return imageOf(g, g.MatMul(g.Reshape(mixed, g.int64s([1, 64, 12])), weight(g, [12, 6], 3)));
  },
  'attention of normalised queries and keys': (g, x) => {
    const tokens = tokensOf(g, x);
    const [q, k, v] = [1, 2, 3].map((seed) => g.MatMul(tokens, weight(g, [6, 8], seed)));
    const norm = g.Expand(g.ReduceL2(q!, g.int64s([-1])), g.int64s([1, 64, 8]));
    const unit = g.Div(q!, norm);
    const logits = g.MatMul(unit, g.Transpose(g.LpNormalization(k!, { axis: -1 }), { perm: [0, 2, 1] }));
    return imageOf(g, g.MatMul(g.MatMul(g.Softmax(logits, { axis: -1 }), v!), weight(g, [8, 6], 4)));
  },
  'attention by Einsum': (g, x) => {
    const heads = (seed: number) =>
      g.node('Einsum', [tokensOf(g, x), weight(g, [6, 2, 5], seed)], { equation: 'bsc,chd->bhsd' }, 1)[0]!;
    const logits = g.node('Einsum', [heads(1), heads(2)], { equation: 'bhid,bhjd->bhij' }, 1)[0]!;
    const mixed = g.node(
      'Einsum',
      [g.Softmax(logits, { axis: -1 }), heads(3)],
      { equation: 'bhij,bhjd->bihd' },
      1,
    );
    const out = g.node('Einsum', [mixed[0]!, weight(g, [2, 5, 6], 4)], { equation: 'bihd,hdc->bic' }, 1);
    return imageOf(g, out[0]!);
  },
  'windows of an image, rolled and back': (g, x) => {
    const rows = g.Transpose(conv(g, x, 'wide', { filters: 12 }), { perm: [0, 2, 3, 1] });
    const [top, rest] = [
      [0, 2],
      [2, 8],
    ].map(([from, to]) => g.Slice(rows, g.int64s([from!]), g.int64s([to!]), g.int64s([1])));
    const rolled = g.Concat(rest!, top!, { axis: 1 });
    const windows = g.Transpose(g.Reshape(rolled, g.int64s([1, 2, 4, 2, 4, 12])), {
      perm: [0, 1, 3, 2, 4, 5],
    });
    const mixed = g.Relu(g.MatMul(g.Reshape(windows, g.int64s([4, 16, 12])), weight(g, [12, 10], 2)));
    const back = g.Transpose(g.Reshape(mixed, g.int64s([1, 2, 2, 4, 4, 10])), { perm: [0, 1, 3, 2, 4, 5] });
    return g.Transpose(g.Reshape(back, g.int64s([1, 8, 8, 10])), { perm: [0, 3, 1, 2] });
  },
  'weights on the left of a product': (g, x) => {
    const flat = g.Reshape(conv(g, x, 'wide', { filters: 12 }), g.int64s([12, 64]));
    const mixed = g.Relu(g.named('left').MatMul(weight(g, [10, 12], 2), flat));
    return g.Reshape(mixed, g.int64s([1, 10, 8, 8]));
  },
  'Gemm of a transposed operand, with a column to add': (g, x) => {
    const flat = g.Reshape(conv(g, x, 'wide', { filters: 12 }), g.int64s([12, 64]));
    const made = g.named('left').Gemm(flat, weight(g, [12, 9], 2), weight(g, [1, 9], 3), { transA: 1 });
    return g.Reshape(g.Transpose(g.Relu(made)), g.int64s([1, 9, 8, 8]));
  },
  'groups that are normalised by themselves': (g, x) => {
    const rows = g.Reshape(conv(g, x, 'wide', { filters: 12 }), g.int64s([0, 6, -1]));
    const ones = [weight(g, [6], 3), weight(g, [6], 4)] as const;
    const normal = g.Reshape(g.InstanceNormalization(rows, ...ones), g.int64s([1, 12, 8, 8]));
    return g.Relu(g.Mul(normal, weight(g, [12, 1, 1], 5)));
  },
  GroupNormalization: (g, x) =>
    g.Relu(
      g.GroupNormalization(conv(g, x, 'wide', { filters: 12 }), weight(g, [12], 3), weight(g, [12], 4), {
        num_groups: 6,
      }),
    ),
};

const scalarIndex = (index: number) => ({
  dtype: 'int64' as const,
  shape: [],
  data: BigInt64Array.of(BigInt(index)),
});
