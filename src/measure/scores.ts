import type { Scores } from './classifier.ts';

/** How one image was classified. */
export interface Verdict {
  /** Classes that score higher than the true one; of equal scores the lower class counts as higher. */
  readonly rank: number;
  /** −ln p of the true class. */
  readonly loss: number;
}

// A float32 probability that is rounded to 0 still means "less than this".
const SMALLEST_PROBABILITY = 1e-38;

/** −ln p(label) by what the scores are; −ln softmax for logits. */
const losses: { readonly [S in Scores]: (scores: Float32Array, label: number) => number } = {
  logits: (scores, label) => logSumExp(scores) - scores[label]!,
  probabilities: (scores, label) => -Math.log(Math.max(scores[label]!, SMALLEST_PROBABILITY)),
  'log-probabilities': (scores, label) => -scores[label]!,
};

/** Rank and loss of the true class; both NaN where a score is. */
export function judge(scores: Float32Array, label: number, kind: Scores): Verdict {
  if (scores.some(Number.isNaN)) return { rank: Number.NaN, loss: Number.NaN };
  const own = scores[label]!;
  let rank = 0;
  scores.forEach((score, k) => {
    if (score > own || (score === own && k < label)) rank++;
  });
  return { rank, loss: losses[kind](scores, label) };
}

/** ln Σ eˣ, the largest x taken out first. */
function logSumExp(scores: Float32Array): number {
  const largest = scores.reduce((a, b) => Math.max(a, b));
  const sum = scores.reduce((total, score) => total + Math.exp(score - largest), 0);
  return largest + Math.log(sum);
}
