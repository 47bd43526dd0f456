import type { GradientCase } from '../gradient-check.ts';

const A = [2, 3, 4];
const pairs: readonly (readonly (readonly number[])[])[] = [
  [A, A],
  [A, [3, 1]],
  [[4], A],
  [
    [2, 1, 4],
    [1, 3, 1],
  ],
  [A, []],
];

/** Functions of several tensors, with and without stretching. */
export const arithmeticCases: readonly GradientCase[] = [
  ...pairs.flatMap((shapes): GradientCase[] => [
    { op: 'Add', shapes, build: (g, [a, b]) => g.Add(a, b) },
    { op: 'Sub', shapes, build: (g, [a, b]) => g.Sub(a, b) },
    { op: 'Mul', shapes, build: (g, [a, b]) => g.Mul(a, b) },
    { op: 'Div', shapes, domains: ['any', 'above-one'], build: (g, [a, b]) => g.Div(a, b) },
  ]),
  { op: 'Mul', title: 'one value twice', shapes: [A], build: (g, [a]) => g.Mul(a, a) },
  { op: 'Pow', title: 'squared', shapes: [A], build: (g, [a]) => g.Pow(a, g.floats(2)) },
  { op: 'Pow', title: 'cubed', shapes: [A], build: (g, [a]) => g.Pow(a, g.floats(3)) },
  {
    op: 'Pow',
    title: 'by an integer, negative bases',
    shapes: [A],
    build: (g, [a]) => g.Pow(a, g.int64s([3])),
  },
  {
    op: 'Pow',
    title: 'other exponents',
    shapes: [[4]],
    domains: ['positive'],
    build: (g, [a]) => g.Pow(a, g.floats([0.5, -1, 1.5, 2])),
  },
  { op: 'Min', shapes: [[4, 6]], domains: ['distinct'], build: (g, [a]) => g.Min(a, g.floats(0.01)) },
  {
    op: 'Max',
    title: 'rows of one tensor',
    shapes: [[3, 8]],
    domains: ['distinct'],
    build: (g, [a]) => g.Max(...g.node('Split', [a!], { axis: 0, num_outputs: 3 }, 3)),
  },
  {
    op: 'Max',
    title: 'bounds a channel',
    shapes: [[2, 3, 4]],
    domains: ['distinct'],
    build: (g, [a]) =>
      g.Max(g.Min(a, g.floats([0.32, 9, 0.11], [3, 1])), g.floats([-0.21, -9, 0.01], [3, 1])),
  },
  { op: 'Sum', shapes: [A, [3, 1], [4]], build: (g, [a, b, c]) => g.Sum(a, b, c) },
  { op: 'Mean', shapes: [A, A, [4]], build: (g, [a, b, c]) => g.Mean(a, b, c) },
  {
    op: 'Where',
    shapes: [A, [4]],
    build: (g, [a, b]) => g.Where(g.Greater(g.floats([1, -1, 1], [3, 1]), g.floats(0)), a, b),
  },
  ...matrices(),
];

function matrices(): GradientCase[] {
  const products: readonly (readonly (readonly number[])[])[] = [
    [
      [3, 4],
      [4, 5],
    ],
    [
      [2, 3, 4],
      [4, 5],
    ],
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
    [
      [3, 4],
      [2, 4, 5],
    ],
    [[4], [4, 5]],
    [[3, 4], [4]],
    [[4], [4]],
    [[4], [2, 4, 3]],
    [[2, 3, 4], [4]],
  ];
  const transposes = [0, 1].flatMap((transA) => [0, 1].map((transB) => ({ transA, transB })));
  const biases: readonly (readonly number[])[] = [[5], [3, 1], [1, 5], [3, 5], []];
  return [
    ...products.map(
      (shapes): GradientCase => ({ op: 'MatMul', shapes, build: (g, [a, b]) => g.MatMul(a, b) }),
    ),
    ...transposes.map(
      ({ transA, transB }, i): GradientCase => ({
        op: 'Gemm',
        title: `transA ${transA}, transB ${transB}`,
        shapes: [transA ? [4, 3] : [3, 4], transB ? [5, 4] : [4, 5], biases[i]!],
        build: (g, [a, b, c]) => g.Gemm(a, b, c, { transA, transB, alpha: 0.7, beta: 1.3 }),
      }),
    ),
    {
      op: 'Gemm',
      title: 'a scalar bias',
      shapes: [[3, 4], [4, 5], []],
      build: (g, [a, b, c]) => g.Gemm(a, b, c),
    },
    {
      op: 'Gemm',
      title: 'no bias',
      shapes: [
        [3, 4],
        [4, 5],
      ],
      build: (g, [a, b]) => g.Gemm(a, b),
    },
  ];
}
