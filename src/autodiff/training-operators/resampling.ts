import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { TrainingOperatorName } from '../../graph/operators/index.ts';
import { linearTaps } from '../../graph/resize-taps.ts';
import { zip } from '../../numeric/zip.ts';
import { reshape } from '../append.ts';
import { dims } from '../call.ts';
import { unresampled } from '../resample.ts';
import type { Decompositions } from './decomposition.ts';

/** Gradients of resampling operators. */
export const resamplingDecompositions = {
  ResampleGrad: ({ inputs: { dy }, attributes: { mode, size = [] } }, g) => {
    if (mode === 'nearest') return [blockSums(g, dy, size)];
    const to = dims(dy);
    return [unresampled(g, dy, { size, tapsOf: (axis) => linearTaps(size[axis]!, to[axis]!) })];
  },
} satisfies Partial<Decompositions<TrainingOperatorName>>;

/** Sums over the block of elements of y that repeat one element of x. */
function blockSums(g: Builder, y: Value, shape: readonly number[]): Value {
  const blocks = zip(shape, dims(y)).flatMap(([size, total]) => [size, total / size]);
  const axes = shape.map((_, axis) => 2 * axis + 1);
  return g.ReduceSum(reshape(g, y, blocks), g.int64s(axes), { keepdims: 0 });
}
