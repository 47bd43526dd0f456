import { describe, expect, it } from 'vitest';
import { channelInputs } from '../../src/channels/coupling/channel-inputs.ts';
import { couplings } from '../../src/channels/coupling/rules.ts';
import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import { conv, network } from '../support/coupled-networks.ts';
import { pruneHalf } from '../support/pruned-halves.ts';

const unary =
  'Abs Neg Sign Exp Sqrt Reciprocal Floor Ceil Round Erf Sin Cos Tan Sinh Cosh Asinh Atan Relu Sigmoid Tanh Softplus ' +
  'Softsign HardSwish Mish LeakyRelu Elu Celu Selu ThresholdedRelu HardSigmoid Gelu Shrink Clip Identity Dropout ' +
  'GlobalAveragePool GlobalMaxPool GlobalLpPool Softmax LogSoftmax MeanVarianceNormalization';

/** A map [1, 8, 8, 8] through operators that read more than single channels. */
const others: Readonly<Record<string, (g: Builder, x: Value) => Value>> = {
  GridSample(g, x) {
    const grid = g.Transpose(g.Tanh(conv(g, x, 'grid', { filters: 2, seed: 3 })), { perm: [0, 2, 3, 1] });
    return g.GridSample(x, grid);
  },
  Gather(g, x) {
    const indices = g.Cast(g.Sigmoid(g.GlobalMaxPool(conv(g, x, 'indices', { filters: 4, seed: 3 }))), {
      to: 7,
    });
    return g.Gather(x, g.Reshape(indices, g.int64s([4])), { axis: 1 });
  },
  'Softmax over channels': (g, x) => g.Softmax(x, { axis: 1 }),
  'CumSum over channels': (g, x) => g.CumSum(x, g.int64s([1])),
  'ArgMax over channels': (g, x) => g.Cast(g.ArgMax(x, { axis: 1 }), { to: 1 }),
  'ArgMax over rows': (g, x) => g.Cast(g.ArgMax(x, { axis: 2 }), { to: 1 }),
  LRN: (g, x) => g.LRN(x, { size: 3 }),
  LpNormalization: (g, x) => g.LpNormalization(x, { axis: 1 }),
  DepthToSpace: (g, x) => g.DepthToSpace(x, { blocksize: 2 }),
  SpaceToDepth: (g, x) => g.SpaceToDepth(x, { blocksize: 2 }),
  Where: (g, x) => g.Where(g.Greater(x, g.GlobalAveragePool(x)), x, g.floats(0.5)),
  'TopK of channels': (g, x) => g.node('TopK', [x, g.int64s([3])], { axis: 1 }, 2)[0]!,
  'Einsum over channels': (g, x) => g.Einsum(x, x, { equation: 'nchw,ndhw->ncd' }),
  RoiAlign(g, x) {
    const boxes = g.Reshape(g.GlobalMaxPool(conv(g, x, 'boxes', { filters: 4, seed: 3 })), g.int64s([1, 4]));
    return g.RoiAlign(x, boxes, g.int64s([0]), { output_height: 2, output_width: 2 });
  },
};

/** conv → conv → operator → conv, with a rank of 4 behind the operator. */
function around(body: (g: Builder, x: Value) => Value) {
  return network((g, x) => {
    const map = body(
      g,
      conv(g, g.Relu(conv(g, x, 'first', { filters: 8 })), 'second', { filters: 8, seed: 2 }),
    );
    const missing = 4 - map.shape!.length;
    const axes = Array.from({ length: missing }, (_, i) => 3 - i).reverse();
    const wide = missing > 0 ? g.Unsqueeze(map, g.int64s(axes)) : map;
    return conv(g, wide, 'last', { filters: 6, kernel: 1, seed: 4 });
  });
}

describe('a network is pruned around', () => {
  it.each(unary.split(' '))('%s', async (op) => {
    const { error, removed } = await pruneHalf(around((g, x) => g.node(op as 'Relu', [x], {}, 1)[0]!));
    expect(error).toBeLessThan(1e-4);
    expect(removed.size).toBeGreaterThan(3);
  });

  it.each(Object.entries(others))('%s', async (_name, body) => {
    const { error, removed } = await pruneHalf(around(body));
    expect(error).toBeLessThan(1e-4);
    expect(removed.size).toBeGreaterThan(3);
  });
});

it.each([
  ['GridSample', 'grid'],
  ['Gather', 'indices'],
  ['RoiAlign', 'boxes'],
])('%s holds the channels that it reads as positions', async (op, layer) => {
  const { groups } = await pruneHalf(around(others[op]!));
  const group = groups.find(({ root }) => root === layer)!;
  expect(group.reasons.size).toBe(group.sets.length);
});

it('every operator with a rule says which of its inputs are maps', () => {
  expect(Object.keys(channelInputs).sort()).toEqual(Object.keys(couplings).sort());
});
