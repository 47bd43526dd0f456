import { elementCount, float32Data, floats, type Tensor } from '../../../numeric/tensor.ts';
import { zip } from '../../../numeric/zip.ts';
import type { Executor } from '../../../runtime/executor.ts';
import type { DistilledPair } from './pairs.ts';
import { type BoundNetwork, type ImagesToRun, openValues, overImages } from './teacher.ts';

/** Lower bound of a channel's variance, as a fraction of the mean variance over channels. */
const LEAST_PART = 1e-3;

/** A value of the teacher, and whether each of its channels has a variance of its own (the default) or all have the mean. */
interface MeasuredValue extends Pick<DistilledPair, 'teacher' | 'shape'> {
  readonly perChannel?: boolean;
}

/**
 * 1/σ² per channel of some of the teacher's values over images, by name, as [1, …, C, …, 1]; a single number for values without
 * channels.
 */
export async function inverseVariances(
  teacher: BoundNetwork,
  values: readonly MeasuredValue[],
  { executor, ...images }: ImagesToRun & { readonly executor: Executor },
): Promise<ReadonlyMap<string, Tensor>> {
  const sums = values.map(openSums);
  const names = values.map((value) => value.teacher);
  const runner = await openValues(teacher, names, { executor });
  try {
    await overImages(images, async (batch, count) => {
      const found = await runner.run(batch);
      for (const [sum, value] of zip(sums, found)) sum.add(float32Data(value), count / images.batch);
    });
  } finally {
    await runner.close();
  }
  return new Map(zip(names, sums).map(([name, { inverse }]) => [name, inverse()]));
}

/** Accumulates counts, sums and squares per channel; the first axis is the batch. */
function openSums({ shape, perChannel = true }: MeasuredValue) {
  const axis = channelAxis(shape);
  const channels = axis === null ? 1 : shape[axis]!;
  const inner = axis === null ? 1 : elementCount(shape.slice(axis + 1));
  const sums = Array.from({ length: channels }, () => ({ count: 0, sum: 0, squares: 0 }));
  return {
    add(numbers: Float32Array, part: number) {
      const length = Math.round(numbers.length * part);
      for (let i = 0; i < length; i++) {
        const own = sums[Math.floor(i / inner) % channels]!;
        const x = numbers[i]!;
        own.count++;
        own.sum += x;
        own.squares += x * x;
      }
    },
    inverse(): Tensor {
      const variances = sums.map(({ count, sum, squares }) => squares / count - (sum / count) ** 2);
      const mean = variances.reduce((a, b) => a + b, 0) / channels;
      // A layer reads all channels of an inner value together: channels that hardly vary must not have larger weights.
      const least = Math.max(perChannel ? LEAST_PART * mean : mean, 1e-12);
      return floats(
        shape.map((size, i) => (i === axis ? size : 1)),
        Float32Array.from(variances, (variance) => 1 / (perChannel ? Math.max(variance, least) : least)),
      );
    },
  };
}

/** The channel axis: 1, but the shorter of both axes in [N, C, L] and [N, L, C]; null if there are no channels. */
function channelAxis(shape: readonly number[]): number | null {
  const [, second, third, ...others] = shape;
  if (second === undefined) return null;
  return third !== undefined && others.length === 0 && third < second ? 2 : 1;
}
