import * as v from 'valibot';
import { mean } from '../numeric/statistics.ts';

/**
 * The validity below which a filter is invalid: a number, or a percentage of the mean of its layer's filters, such as `60%`.
 */
export type Threshold = number | `${number}%`;

const expected = 'expected a number of at least 0, or a percentage such as 60%';
const least = v.pipe(v.number(expected), v.finite(expected), v.minValue(0, expected));

/** The schema of a threshold in tasks, for `invalidBelow`. */
export const thresholdSchema = v.union(
  [least, v.custom<`${number}%`>((given) => typeof given === 'string' && isPercentage(given))],
  expected,
);

const isPercentage = (text: string): boolean => /\S%$/.test(text) && v.is(least, Number(text.slice(0, -1)));

/** The threshold as a number, for a layer with the given validities. */
export function limitOf(threshold: Threshold, scores: Float64Array): number {
  if (typeof threshold === 'number') return threshold;
  return (Number(threshold.slice(0, -1)) / 100) * mean(scores);
}
