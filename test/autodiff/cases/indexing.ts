import type { Builder } from '../../../src/graph/builder.ts';
import type { Value } from '../../../src/graph/graph.ts';
import { makeTensor } from '../../../src/numeric/tensor.ts';
import type { GradientCase } from '../gradient-check.ts';

const X = [2, 5, 7];

/** Operators that pick elements by index, or run along an axis. */
export const indexingCases: readonly GradientCase[] = [
  {
    op: 'Gather',
    title: 'repeated',
    shapes: [X],
    build: (g, [x]) => g.Gather(x, g.int64s([3, 0, 3]), { axis: 1 }),
  },
  {
    op: 'Gather',
    title: 'one',
    shapes: [X],
    build: (g, [x]) => g.Gather(x, indices(g, [], [-2]), { axis: -1 }),
  },
  {
    op: 'Gather',
    title: 'a table',
    shapes: [X],
    build: (g, [x]) => g.Gather(x, indices(g, [2, 3], [1, 0, 1, 1, 0, 0])),
  },
  {
    op: 'GatherElements',
    shapes: [[3, 4]],
    build: (g, [x]) => g.GatherElements(x, indices(g, [2, 4], [0, 2, 1, 0, 0, 1, 2, 0])),
  },
  { op: 'GatherND', shapes: [X], build: (g, [x]) => g.GatherND(x, indices(g, [3, 2], [1, 2, 0, 0, 1, 2])) },
  {
    op: 'ScatterElements',
    shapes: [
      [3, 4],
      [1, 4],
    ],
    build: (g, [x, u]) => g.ScatterElements(x, indices(g, [1, 4], [0, 2, 1, 0]), u),
  },
  {
    op: 'ScatterElements',
    title: 'added',
    shapes: [
      [3, 4],
      [2, 4],
    ],
    build: (g, [x, u]) =>
      g.ScatterElements(x, indices(g, [2, 4], [0, 2, 1, 0, 0, 1, 2, 0]), u, { reduction: 'add' }),
  },
  {
    op: 'ScatterND',
    shapes: [
      [3, 4],
      [2, 4],
    ],
    build: (g, [x, u]) => g.ScatterND(x, indices(g, [2, 1], [2, 0]), u),
  },
  {
    op: 'ScatterND',
    title: 'added',
    shapes: [
      [3, 4],
      [2, 4],
    ],
    build: (g, [x, u]) => g.ScatterND(x, indices(g, [2, 1], [2, 2]), u, { reduction: 'add' }),
  },
  { op: 'Trilu', shapes: [[4, 5]], build: (g, [x]) => g.Trilu(x, indices(g, [], [1]), { upper: 0 }) },
  { op: 'TopK', shapes: [[3, 5]], domains: ['distinct'], build: (g, [x]) => g.TopK(x, g.int64s([2]))[0] },
  {
    op: 'CumSum',
    shapes: [[3, 5]],
    build: (g, [x]) => g.CumSum(x, indices(g, [], [1]), { exclusive: 1, reverse: 1 }),
  },
  { op: 'CumSum', shapes: [[3, 5]], build: (g, [x]) => g.CumSum(x, indices(g, [], [0])) },
];

const indices = (g: Builder, shape: readonly number[], values: readonly number[]): Value =>
  g.constant(makeTensor('int64', shape, BigInt64Array.from(values, BigInt)));
