import type { Scores } from './classifier.ts';

/** How one image was classified. */
export interface Verdict {
  /** Number of classes that score higher than the true one; of equal scores, lower class indices count as higher. */
  readonly rank: number;
  /** −ln p(true class). */
  readonly loss: number;
}

// A float32 probability of 0 may have been rounded down from a number of this size.
const SMALLEST_PROBABILITY = 1e-38;

/** −ln p(label), by the scale of the scores. */
const losses: { readonly [S in Scores]: (scores: Float32Array, label: number) => number } = {
  logits: (scores, label) => logSumExp(scores) - scores[label]!,
  probabilities: (scores, label) => -Math.log(Math.max(scores[label]!, SMALLEST_PROBABILITY)),
  'log-probabilities': (scores, label) => -scores[label]!,
};

/** Rank and loss of the true class; both NaN if a score is NaN. */
export function judge(scores: Float32Array, label: number, kind: Scores): Verdict {
  if (scores.some(Number.isNaN)) return { rank: Number.NaN, loss: Number.NaN };
  const own = scores[label]!;
  let rank = 0;
  scores.forEach((score, k) => {
    if (score > own || (score === own && k < label)) rank++;
  });
  return { rank, loss: losses[kind](scores, label) };
}

/** ln Σ eˣ, computed with the largest x factored out. */
function logSumExp(scores: Float32Array): number {
  const largest = scores.reduce((a, b) => Math.max(a, b));
  const sum = scores.reduce((total, score) => total + Math.exp(score - largest), 0);
  return largest + Math.log(sum);
}
