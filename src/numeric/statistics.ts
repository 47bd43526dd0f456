import { assert } from '../errors.ts';

/** The q-quantile (0 ≤ q ≤ 1), linearly interpolated between order statistics. */
export function quantile(values: ArrayLike<number>, q: number): number {
  assert(values.length > 0, 'quantile of no values');
  const sorted = Float64Array.from(values).sort();
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}

/** The middle value. */
export const median = (values: ArrayLike<number>): number => quantile(values, 0.5);

/** max |a − b| / max(1e-6, max |b|): the error of `actual` relative to the largest expected magnitude. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let largest = 1e-6;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    difference = Math.max(difference, error); // keeps NaN
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return difference / largest;
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
