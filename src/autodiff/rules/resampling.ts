import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { AttributesOf, OperatorName } from '../../graph/operators/index.ts';
import { zip } from '../../numeric/zip.ts';
import { reshape } from '../append.ts';
import { dims, refusal } from '../call.ts';
import type { GradientRows } from '../rule.ts';

/** Sums over the block of elements of y that repeat one element of x. */
function blockSums(g: Builder, y: Value, shape: readonly number[]): Value {
  const blocks = zip(shape, dims(y)).flatMap(([size, total]) => [size, total / size]);
  const axes = shape.map((_, axis) => 2 * axis + 1);
  return g.ReduceSum(reshape(g, y, blocks), g.int64s(axes), { keepdims: 0 });
}

/** Whether nearest-neighbour resizing by integer factors repeats each element that many times. */
function repeatsElements({
  mode,
  coordinate_transformation_mode: coordinates,
  nearest_mode: rounding,
}: AttributesOf<'Resize'>): boolean {
  if (mode !== 'nearest') return false;
  // (i + ½)/s − ½ is within ½ of ⌊i/s⌋; i/s itself must be rounded down.
  return coordinates === 'asymmetric'
    ? rounding === 'floor'
    : coordinates.includes('half_pixel') && rounding.startsWith('round');
}

/** Changes of resolution. */
export const resamplingGradients = {
  Resize: ({ node, inputs: { x }, outputs: [y], attributes }, [dy], g) => {
    const whole = zip(dims(x), dims(y)).every(([size, total]) => total % size === 0);
    if (!whole || !repeatsElements(attributes))
      throw refusal(node, 'has a gradient only if it repeats each element an integer number of times');
    return [blockSums(g, dy, dims(x)), null, null, null];
  },
  Upsample: 'unsupported',
  DepthToSpace: ({ inputs: { x }, attributes: { blocksize = 1, mode } }, [dy], g) => {
    if (mode === 'DCR') return [g.SpaceToDepth(dy, { blocksize })];
    const [batch, channels, height, width] = dims(x, 4);
    const kept = channels / (blocksize * blocksize);
    const blocks = reshape(g, dy, [batch, kept, height, blocksize, width, blocksize]);
    return [reshape(g, g.Transpose(blocks, { perm: [0, 1, 3, 5, 2, 4] }), dims(x))];
  },
  SpaceToDepth: ({ attributes: { blocksize } }, [dy], g) => [g.DepthToSpace(dy, { blocksize })],
  RoiAlign: 'unsupported',
  GridSample: 'unsupported',
  NonMaxSuppression: 'none',
} satisfies Partial<GradientRows<OperatorName>>;
