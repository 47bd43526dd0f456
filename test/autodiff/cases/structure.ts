import type { Builder } from '../../../src/graph/builder.ts';
import type { Value } from '../../../src/graph/graph.ts';
import type { GradientCase } from '../gradient-check.ts';

interface Cut {
  readonly starts: number[];
  readonly ends: number[];
  readonly axes: number[];
  readonly steps: number[];
}

const cuts: readonly Cut[] = [
  { starts: [1], ends: [3], axes: [1], steps: [1] },
  { starts: [0, 0], ends: [99, 99], axes: [1, 2], steps: [2, 2] },
  { starts: [1, 2], ends: [5, 7], axes: [1, 2], steps: [3, 2] },
  { starts: [-1], ends: [-99], axes: [2], steps: [-1] },
  { starts: [-2, 5], ends: [0, -99], axes: [-2, -1], steps: [-1, -3] },
  { starts: [9], ends: [0], axes: [1], steps: [-2] },
  { starts: [-3], ends: [99], axes: [2], steps: [2] },
];

const slice = (g: Builder, x: Value, { starts, ends, axes, steps }: Cut): Value =>
  g.Slice(x, g.int64s(starts), g.int64s(ends), g.int64s(axes), g.int64s(steps));

const X = [2, 5, 7];

const shaped: readonly GradientCase[] = [
  { op: 'Reshape', shapes: [X], build: (g, [x]) => g.Reshape(x, g.int64s([0, -1, 1])) },
  { op: 'Squeeze', shapes: [[2, 1, 3, 1]], build: (g, [x]) => g.Squeeze(x, g.int64s([1])) },
  { op: 'Squeeze', title: 'all', shapes: [[2, 1, 3, 1]], build: (g, [x]) => g.Squeeze(x) },
  { op: 'Unsqueeze', shapes: [[2, 3]], build: (g, [x]) => g.Unsqueeze(x, g.int64s([0, 3])) },
  { op: 'Expand', shapes: [[3, 1]], build: (g, [x]) => g.Expand(x, g.int64s([2, 3, 4])) },
  { op: 'Tile', shapes: [[2, 3]], build: (g, [x]) => g.Tile(x, g.int64s([3, 2])) },
  {
    op: 'Concat',
    shapes: [
      [2, 3, 4],
      [2, 1, 4],
      [2, 2, 4],
    ],
    build: (g, [a, b, c]) => g.Concat(a, b, c, { axis: 1 }),
  },
  {
    op: 'Split',
    shapes: [[2, 6, 3]],
    build: (g, [x]) => g.node('Split', [x!, g.int64s([1, 3, 2])], { axis: 1 }, 3),
  },
  {
    op: 'Split',
    title: 'a part that nothing reads',
    shapes: [[2, 6]],
    build: (g, [x]) => {
      const [first, , third] = g.node('Split', [x!], { axis: -1, num_outputs: 3 }, 3);
      return g.Mul(first!, third!);
    },
  },
  ...cuts.map(
    (cut): GradientCase => ({
      op: 'Slice',
      title: JSON.stringify(cut),
      shapes: [X],
      build: (g, [x]) => slice(g, x!, cut),
    }),
  ),
  { op: 'Slice', title: 'nothing left', shapes: [X], build: sliceToNothing },
  { op: 'Slice', title: 'no axes', shapes: [X], build: (g, [x]) => g.Slice(x, g.int64s([1]), g.int64s([2])) },
  { op: 'Pad', shapes: [X], build: (g, [x]) => g.Pad(x, g.int64s([0, 1, 2, 1, 0, 3]), g.floats(0.7)) },
  {
    op: 'Pad',
    title: 'some cut off',
    shapes: [X],
    build: (g, [x]) => g.Pad(x, g.int64s([0, -1, 2, 0, -2, 0])),
  },
  {
    op: 'Pad',
    title: 'axes',
    shapes: [X],
    build: (g, [x]) => g.Pad(x, g.int64s([1, 2]), null, g.int64s([-1])),
  },
];

function sliceToNothing(...[g, [x]]: Parameters<GradientCase['build']>): Value {
  const empty = slice(g, x!, { starts: [3], ends: [3], axes: [1], steps: [1] });
  return g.Concat(empty, g.Mul(x, x), { axis: 1 });
}

const resampled: readonly GradientCase[] = [
  { op: 'DepthToSpace', shapes: [[1, 8, 2, 3]], build: (g, [x]) => g.DepthToSpace(x, { blocksize: 2 }) },
  {
    op: 'DepthToSpace',
    title: 'CRD',
    shapes: [[1, 8, 2, 3]],
    build: (g, [x]) => g.DepthToSpace(x, { blocksize: 2, mode: 'CRD' }),
  },
  { op: 'SpaceToDepth', shapes: [[1, 2, 4, 6]], build: (g, [x]) => g.SpaceToDepth(x, { blocksize: 2 }) },
  ...[2, 3].flatMap((factor): GradientCase[] => [
    {
      op: 'Resize',
      title: `${factor} times, half_pixel`,
      shapes: [[1, 2, 3, 4]],
      build: (g, [x]) => g.Resize(x, null, g.floats([1, 1, factor, 2])),
    },
    {
      op: 'Resize',
      title: `${factor} times, asymmetric`,
      shapes: [[1, 2, 3, 4]],
      build: (g, [x]) =>
        g.Resize(x, null, null, g.int64s([1, 2, 3 * factor, 8]), {
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
    },
  ]),
];

interface Resizing {
  readonly mode: string;
  readonly coordinate_transformation_mode: string;
  readonly nearest_mode?: string;
  readonly exclude_outside?: number;
}

const resizings: readonly Resizing[] = [
  { mode: 'linear', coordinate_transformation_mode: 'half_pixel' },
  { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' },
  { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
  { mode: 'linear', coordinate_transformation_mode: 'asymmetric' },
  { mode: 'cubic', coordinate_transformation_mode: 'half_pixel' },
  { mode: 'cubic', coordinate_transformation_mode: 'half_pixel', exclude_outside: 1 },
  { mode: 'nearest', coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_ceil' },
  { mode: 'nearest', coordinate_transformation_mode: 'align_corners', nearest_mode: 'floor' },
  { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'ceil' },
];

/** To twice the size and to sizes that are no multiples, of which one is smaller. */
const resized = resizings.flatMap((attributes): GradientCase[] =>
  [
    [1, 2, 6, 8],
    [1, 2, 5, 3],
  ].map((size) => ({
    op: 'Resize',
    title: `${JSON.stringify(attributes)} to [${size}]`,
    shapes: [[1, 2, 3, 4]],
    build: (g, [x]) => g.Resize(x, null, null, g.int64s(size), attributes),
  })),
);

const reductions = [
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
  'ReduceLogSum',
  'ReduceLogSumExp',
] as const;

const reduced: readonly GradientCase[] = reductions.flatMap((op) => {
  const shapes = [[3, 4, 5]];
  const domains = [op === 'ReduceLogSum' ? 'positive' : 'distinct'] as const;
  return [
    { op, title: 'kept', shapes, domains, build: (g, [x]) => g[op](x, g.int64s([1])) },
    {
      op,
      title: 'dropped',
      shapes,
      domains,
      build: (g, [x]) => g[op](x, g.int64s([0, -1]), { keepdims: 0 }),
    },
    { op, title: 'all', shapes, domains, build: (g, [x]) => g[op](x, null, { keepdims: 0 }) },
    { op, title: 'none', shapes, domains, build: (g, [x]) => g[op](x, null, { noop_with_empty_axes: 1 }) },
  ] satisfies GradientCase[];
});

/** Operators that move and sum elements. */
export const structureCases: readonly GradientCase[] = [...shaped, ...resampled, ...resized, ...reduced];
