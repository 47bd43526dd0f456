import * as v from 'valibot';
import { mean } from '../numeric/statistics.ts';

/** The validity below which a filter is invalid: a number, or, as `60%`, a part of the mean of its layer's filters. */
export type Threshold = number | `${number}%`;

const expected = 'expected a number of at least 0, or a percentage such as 60%';
const least = v.pipe(v.number(expected), v.finite(expected), v.minValue(0, expected));

/** A threshold in a task, as `invalidBelow` takes it. */
export const thresholdSchema = v.union(
  [least, v.custom<`${number}%`>((given) => typeof given === 'string' && isPercentage(given))],
  expected,
);

const isPercentage = (text: string): boolean => /\S%$/.test(text) && v.is(least, Number(text.slice(0, -1)));

/** What a threshold is in a layer of such validities. */
export function limitOf(threshold: Threshold, scores: Float64Array): number {
  if (typeof threshold === 'number') return threshold;
  return (Number(threshold.slice(0, -1)) / 100) * mean(scores);
}
