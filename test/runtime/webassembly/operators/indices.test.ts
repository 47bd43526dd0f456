import { describeOperators } from '../../../support/compiled-operators.ts';

describeOperators('shapes and indices', {
  'Gather of channels': [[2, 5, 3, 4], (g, x) => g.Relu(g.Gather(x, g.int64s([3, 0, -1]), { axis: 1 }))],
  'Gather of rows': [[2, 5, 3, 4], (g, x) => g.Gather(x, g.int64s([2, 0]), { axis: 2 })],
  'Gather of columns': [[2, 3, 4], (g, x) => g.Gather(x, g.int64s([3, 3, 1]), { axis: 2 })],
  'Gather of one': [
    [2, 3, 3, 4],
    (g, x) =>
      g.Gather(g.Relu(x), g.constant({ dtype: 'int64', shape: [], data: BigInt64Array.of(1n) }), { axis: 1 }),
  ],
  'Expand of channels': [[1, 3, 4, 5], (g, x) => g.Expand(g.Relu(x), g.int64s([2, 3, 4, 5]))],
  'Expand of columns': [[2, 3, 1], (g, x) => g.Expand(x, g.int64s([2, 2, 3, 4]))],
  Tile: [[2, 3, 4], (g, x) => g.Tile(x, g.int64s([1, 2, 3]))],
});
