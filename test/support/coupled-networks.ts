import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { normals } from './run-graph.ts';

/** x [1, 6, 8, 8] → body → global average → [1, 5]. */
export function network(body: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('network', 21);
  const g = builderOf(graph);
  const y = body(g, g.input('x', 'float32', [1, 6, 8, 8]));
  const pooled = g.Flatten(g.GlobalAveragePool(y));
  const width = Number(pooled.shape![1]);
  g.output(g.named('head').Gemm(pooled, g.constant(normals([5, width], 99)), null, { transB: 1 }), 'y');
  return graph;
}

interface Conv {
  readonly filters: number;
  readonly kernel?: number;
  readonly group?: number;
  readonly seed?: number;
}

export function conv(
  g: Builder,
  x: Value,
  name: string,
  { filters, kernel = 3, group = 1, seed = 1 }: Conv,
): Value {
  const channels = Number(x.shape![1]) / group;
  const pad = (kernel - 1) / 2;
  const weight = g.constant(normals([filters, channels, kernel, kernel], seed, 0.3));
  const bias = g.constant(normals([filters], seed + 50, 0.3));
  return g.named(name).Conv(x, weight, bias, { group, pads: [pad, pad, pad, pad] });
}

export const couplings: Record<string, (g: Builder, x: Value) => Value> = {
  'a chain': (g, x) => conv(g, g.Relu(conv(g, x, 'a', { filters: 12 })), 'b', { filters: 10, seed: 2 }),
  'a residual sum': (g, x) => {
    const stem = conv(g, x, 'stem', { filters: 12 });
    const inner = g.Relu(conv(g, stem, 'inner', { filters: 8, seed: 2 }));
    return g.Relu(g.Add(stem, conv(g, inner, 'outer', { filters: 12, seed: 3 })));
  },
  'a depthwise convolution of two filters a channel': (g, x) => {
    const wide = g.Relu(conv(g, x, 'wide', { filters: 8, kernel: 1 }));
    return conv(g, conv(g, wide, 'depthwise', { filters: 16, group: 8, seed: 2 }), 'narrow', {
      filters: 8,
      seed: 3,
    });
  },
  'grouped convolutions': (g, x) => {
    const wide = g.Relu(conv(g, x, 'wide', { filters: 12, kernel: 1 }));
    return conv(g, conv(g, wide, 'grouped', { filters: 18, group: 3, seed: 2 }), 'after', {
      filters: 8,
      seed: 3,
    });
  },
  'a channel shuffle': (g, x) => {
    const wide = g.Relu(conv(g, x, 'wide', { filters: 12 }));
    const split = g.Reshape(wide, g.int64s([1, 3, 4, 8, 8]));
    const mixed = g.Reshape(g.Transpose(split, { perm: [0, 2, 1, 3, 4] }), g.int64s([1, 12, 8, 8]));
    return conv(g, mixed, 'grouped', { filters: 8, group: 2, seed: 2 });
  },
  'Concat and Split': (g, x) => {
    const [a, b] = [conv(g, x, 'a', { filters: 8 }), conv(g, x, 'b', { filters: 6, seed: 2 })];
    const [left, right] = g.node('Split', [g.Concat(a, b, { axis: 1 }), g.int64s([5, 9])], { axis: 1 }, 2);
    return g.Concat(g.Relu(right!), conv(g, left!, 'c', { filters: 7, seed: 3 }), { axis: 1 });
  },
  'a squeeze-excitation gate': (g, x) => {
    const wide = conv(g, x, 'wide', { filters: 12 });
    const squeezed = g.Relu(
      conv(g, g.GlobalAveragePool(wide), 'squeeze', { filters: 4, kernel: 1, seed: 2 }),
    );
    return g.Mul(wide, g.Sigmoid(conv(g, squeezed, 'excite', { filters: 12, kernel: 1, seed: 3 })));
  },
  'Slice with steps, and Gather': (g, x) => {
    const wide = conv(g, x, 'wide', { filters: 12 });
    const even = g.Slice(wide, g.int64s([0]), g.int64s([12]), g.int64s([1]), g.int64s([2]));
    const picked = g.Gather(wide, g.int64s([7, 2, 11, 3]), { axis: 1 });
    return g.Concat(
      conv(g, even, 'a', { filters: 6, seed: 2 }),
      conv(g, picked, 'b', { filters: 6, seed: 3 }),
      { axis: 1 },
    );
  },
  'channels padded with zeros, as a shortcut': (g, x) => {
    const stem = conv(g, x, 'stem', { filters: 6 });
    const padded = g.Pad(stem, g.int64s([0, 2, 0, 0, 0, 2, 0, 0]));
    return g.Add(padded, conv(g, g.Relu(stem), 'branch', { filters: 10, seed: 2 }));
  },
  'DepthToSpace and SpaceToDepth': (g, x) => {
    const large = g.DepthToSpace(conv(g, x, 'a', { filters: 16 }), { blocksize: 2 });
    const deep = g.SpaceToDepth(conv(g, large, 'b', { filters: 4, seed: 2 }), { blocksize: 2 });
    return conv(g, deep, 'c', { filters: 6, seed: 3 });
  },
  'PRelu, instance normalisation and a transposed convolution': (g, x) => {
    const wide = conv(g, x, 'wide', { filters: 12 });
    const normal = g.InstanceNormalization(wide, g.constant(normals([12], 5)), g.constant(normals([12], 6)));
    const active = g.PRelu(normal, g.constant(normals([12, 1, 1], 7)));
    const weight = g.constant(normals([12, 8, 2, 2], 8, 0.3));
    return g.named('up').ConvTranspose(active, weight, null, { strides: [2, 2] });
  },
  'Flatten into Gemm': (g, x) => {
    const flat = g.Flatten(g.Relu(conv(g, x, 'wide', { filters: 6 })));
    const hidden = g
      .named('hidden')
      .Gemm(flat, g.constant(normals([384, 12], 3, 0.1)), g.constant(normals([12], 4)));
    return g.Reshape(g.Relu(hidden), g.int64s([1, 12, 1, 1]));
  },
  'attention with heads': (g, x) => {
    const tokens = g.Transpose(g.Reshape(x, g.int64s([1, 6, 64])), { perm: [0, 2, 1] });
    const heads = (name: string, seed: number) => {
      const made = g.named(name).MatMul(tokens, g.constant(normals([6, 12], seed, 0.5)));
      return g.Transpose(g.Reshape(made, g.int64s([1, 64, 3, 4])), { perm: [0, 2, 1, 3] });
    };
    const keys = g.Transpose(heads('k', 2), { perm: [0, 1, 3, 2] });
    const weights = g.Softmax(g.MatMul(heads('q', 1), keys), { axis: -1 });
    const mixed = g.Transpose(g.MatMul(weights, heads('v', 3)), { perm: [0, 2, 1, 3] });
    const out = g
      .named('out')
      .MatMul(g.Reshape(mixed, g.int64s([1, 64, 12])), g.constant(normals([12, 6], 4, 0.5)));
    return g.Reshape(g.Transpose(out, { perm: [0, 2, 1] }), g.int64s([1, 6, 8, 8]));
  },
};
