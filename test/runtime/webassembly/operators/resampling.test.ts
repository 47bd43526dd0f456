import type { Builder } from '../../../../src/graph/builder.ts';
import type { Value } from '../../../../src/graph/graph.ts';
import type { GivenAttributesOf } from '../../../../src/graph/operators/index.ts';
import { describeOperators } from '../../../support/compiled-operators.ts';

const byScales =
  (scales: readonly [number, number], attributes: GivenAttributesOf<'Resize'>) => (g: Builder, x: Value) =>
    g.Resize(x, null, g.floats([1, 1, ...scales]), null, attributes);
const bySizes =
  (sizes: readonly [number, number], attributes: GivenAttributesOf<'Resize'>) => (g: Builder, x: Value) =>
    g.Resize(x, null, null, g.int64s([...(x.shape as number[]).slice(0, 2), ...sizes]), attributes);

const coordinates = [
  'half_pixel',
  'pytorch_half_pixel',
  'half_pixel_symmetric',
  'align_corners',
  'asymmetric',
] as const;
const roundings = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;

describeOperators('resizing and padding', {
  ...Object.fromEntries(
    coordinates.flatMap((mode) => [
      [
        `linear, ${mode}, by scales`,
        [[2, 3, 5, 6], byScales([2.5, 1.7], { mode: 'linear', coordinate_transformation_mode: mode })],
      ],
      [
        `linear, ${mode}, by sizes`,
        [[1, 2, 7, 9], bySizes([3, 13], { mode: 'linear', coordinate_transformation_mode: mode })],
      ],
      [
        `cubic, ${mode}`,
        [[1, 2, 5, 6], bySizes([9, 11], { mode: 'cubic', coordinate_transformation_mode: mode })],
      ],
    ]),
  ),
  ...Object.fromEntries(
    roundings.flatMap((nearest_mode) => [
      [`nearest, ${nearest_mode}`, [[1, 2, 5, 6], byScales([2, 1.5], { nearest_mode })]],
      [
        `nearest, ${nearest_mode}, asymmetric`,
        [[1, 2, 5, 9], bySizes([10, 3], { nearest_mode, coordinate_transformation_mode: 'asymmetric' })],
      ],
    ]),
  ),
  'twice as large': [
    [2, 3, 4, 6],
    byScales([2, 2], { nearest_mode: 'floor', coordinate_transformation_mode: 'asymmetric' }),
  ],
  'to one column': [[1, 2, 5, 6], bySizes([2, 1], { mode: 'linear' })],
  'cubic without what is outside': [[1, 2, 5, 6], bySizes([9, 11], { mode: 'cubic', exclude_outside: 1 })],
  'only rows': [[1, 2, 5, 6], bySizes([10, 6], { mode: 'linear' })],
  'Pad by reflection': [
    [2, 3, 4, 5],
    (g, x) => g.Pad(x, g.int64s([0, 0, 2, 3, 0, 0, 1, 4]), null, null, { mode: 'reflect' }),
  ],
  'Pad by edges': [
    [2, 3, 4, 5],
    (g, x) => g.Pad(x, g.int64s([0, 0, 2, 0, 0, 0, 1, 4]), null, null, { mode: 'edge' }),
  ],
  'Pad by one number': [[2, 3, 4, 5], (g, x) => g.Pad(x, g.int64s([0, 1, 2, 0, 0, 0, 1, 4]), g.floats(0.5))],
  'Pad by less than nothing': [[2, 3, 4, 5], (g, x) => g.Pad(x, g.int64s([0, 0, -1, 0, 0, 0, 1, -2]))],
});
