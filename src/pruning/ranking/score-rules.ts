import { mean, standardDeviation } from '../../numeric/statistics.ts';

/** Normalisations that make scores of different layers comparable. */
export const normalizations = {
  none: () => (score: number) => score,
  /** s / mean. */
  mean: (scores: Float64Array) => divideBy(mean(scores)),
  /** s / max. */
  max: (scores: Float64Array) => divideBy(scores.reduce((a, b) => Math.max(a, b), 0)),
  /** (s − mean) / standard deviation. */
  gaussian: (scores: Float64Array) => {
    const [center, spread] = [mean(scores), standardDeviation(scores) || 1];
    return (score: number) => (score - center) / spread;
  },
} as const;

/** How the scores of a channel set are combined: from their sum, number, maximum and first. */
export const reductions = {
  sum: (total: number) => total,
  mean: (total: number, count: number) => total / count,
  max: (_total: number, _count: number, largest: number) => largest,
  first: (_total: number, _count: number, _largest: number, first: number) => first,
} as const;

/** `none`: s; `mean`: s / mean; `max`: s / max; `gaussian`: (s − mean) / standard deviation, over the scores of a layer. */
export type ScoreNormalization = keyof typeof normalizations;
/** The sum, mean or maximum of the scores of a channel set, or the first of them. */
export type ScoreReduction = keyof typeof reductions;

/** s / divisor; scores that are all 0 remain 0. */
const divideBy =
  (divisor: number) =>
  (score: number): number =>
    divisor > 0 ? score / divisor : score;
