import type { Builder } from '../../../../src/graph/builder.ts';
import type { Value } from '../../../../src/graph/graph.ts';
import { describeOperators, weight } from '../../../support/compiled-operators.ts';

describeOperators('reductions and normalisation', {
  'ReduceMean of rows and columns': [
    [2, 3, 4, 5],
    (g, x) => g.ReduceMean(x, g.int64s([2, 3]), { keepdims: 0 }),
  ],
  'ReduceMean of channels': [[2, 3, 4, 5], (g, x) => g.ReduceMean(x, g.int64s([1]))],
  'ReduceSum of the last axis': [[2, 3, 4, 7], (g, x) => g.ReduceSum(x, g.int64s([-1]))],
  'ReduceMax of scattered axes': [[2, 3, 4, 5], (g, x) => g.ReduceMax(x, g.int64s([1, 3]), { keepdims: 0 })],
  'ReduceMin of everything': [[2, 3, 4], (g, x) => g.ReduceMin(x, null, { keepdims: 0 })],
  'ReduceL2 of a short axis': [[2, 3, 2], (g, x) => g.ReduceL2(x, g.int64s([1]))],
  ReduceL1: [[2, 3, 9], (g, x) => g.ReduceL1(x, g.int64s([2]))],
  ReduceProd: [[2, 3, 5], (g, x) => g.ReduceProd(x, g.int64s([2]))],
  ReduceSumSquare: [[2, 6, 5], (g, x) => g.ReduceSumSquare(x, g.int64s([0, 1]))],
  GlobalMaxPool: [[2, 3, 5, 7], (g, x) => g.GlobalMaxPool(x)],
  GlobalAveragePool: [[2, 3, 5, 7], (g, x) => g.GlobalAveragePool(x)],
  'Softmax of the last axis': [[2, 3, 7], (g, x) => g.Softmax(x)],
  'Softmax of channels': [[2, 3, 4, 5], (g, x) => g.Softmax(x, { axis: 1 })],
  'Softmax across a short axis': [[2, 5, 3], (g, x) => g.Softmax(x, { axis: 1 })],
  LogSoftmax: [[2, 9], (g, x) => g.LogSoftmax(x, { axis: 1 })],
  'LogSoftmax of channels': [[2, 4, 5, 3], (g, x) => g.LogSoftmax(x, { axis: 1 })],
  LayerNormalization: [[2, 3, 4, 10], (g, x) => layerNorm(g, x, [10], -1)],
  'LayerNormalization over three axes': [[2, 3, 4, 5], (g, x) => layerNorm(g, x, [3, 4, 5], 1)],
  InstanceNormalization: [
    [2, 3, 4, 5],
    (g, x) => g.InstanceNormalization(x, weight(g, [3]), weight(g, [3], 51)),
  ],
  GroupNormalization: [
    [2, 4, 4, 5],
    (g, x) => g.GroupNormalization(x, weight(g, [2]), weight(g, [2], 51), { num_groups: 2 }),
  ],
  LpNormalization: [[2, 5, 3], (g, x) => g.LpNormalization(x, { axis: 1, p: 2 })],
  LRN: [[2, 7, 4, 5], (g, x) => g.LRN(x, { size: 3, alpha: 0.1, beta: 0.6, bias: 1.5 })],
});

const layerNorm = (g: Builder, x: Value, shape: readonly number[], axis: number): Value =>
  g.node('LayerNormalization', [x, weight(g, shape), weight(g, shape, 51)], { axis, epsilon: 1e-3 }, 1)[0]!;
