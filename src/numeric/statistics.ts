import { assert } from '../errors.ts';

/** The q-quantile (0 ≤ q ≤ 1), with linear interpolation between order statistics. */
export function quantile(values: ArrayLike<number>, q: number): number {
  assert(values.length > 0, 'quantile of no values');
  const sorted = Float64Array.from(values).sort();
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}

/** The median. */
export const median = (values: ArrayLike<number>): number => quantile(values, 0.5);

/** Adds data/divisor to a sum, elementwise. */
export function addTo(sum: Float64Array, data: ArrayLike<number>, divisor = 1): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += data[i]! / divisor;
}

/** The elementwise mean of vectors of equal length. */
export function average(vectors: readonly ArrayLike<number>[]): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) addTo(sum, vector);
  return sum.map((total) => total / vectors.length);
}

/** Σ|x| of the elements from `from` to `to`. A plain loop, since iterators take two to five times as long. */
export function absoluteSum(data: Float32Array, from = 0, to = data.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += Math.abs(data[i]!);
  return sum;
}

/** Σx / n. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** √(Σ(x − mean)² / n). */
export function standardDeviation(values: ArrayLike<number>): number {
  const center = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - center) ** 2;
  return Math.sqrt(sum / values.length);
}
