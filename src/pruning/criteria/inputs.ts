import type { CoupledLayer } from '../../channels/coupling/scope.ts';
import { isRefusal, type Refusal, refuse } from '../../graph/edit/refused.ts';
import { nodeLabel } from '../../graph/graph.ts';
import type { LayerScores, ScoresByLayer, Scoring } from './criterion.ts';
import { type Slices, slicesOf } from './slices.ts';

/**
 * Scores the channel sets that a layer reads, given the channel set of each slice of its weight; or returns the reason why it
 * cannot.
 */
export type ScoreReader = (
  slices: Slices,
  classOf: Int32Array,
) => Promise<ReadonlyMap<number, number> | Refusal> | ReadonlyMap<number, number> | Refusal;

/**
 * Scores channels by their readers: the sum, over the layers that read a channel, of the score of the slice that reads it.
 */
export async function scoreInputs(scoring: Scoring, scoreReader: ScoreReader): Promise<ScoresByLayer> {
  const { found, layers, weights } = scoring;
  const { find } = found.sets;
  const sums = new Map<number, number>();
  const refusals = new Map<number, Refusal>();
  const seen = new Set<unknown>();
  for (const slicing of found.slicings) {
    // A weight shared by several layers counts once.
    if (slicing.role !== 'inputs' || seen.has(slicing.value)) continue;
    seen.add(slicing.value);
    const classOf = slicing.channels.labels.map(find);
    const slices = slicesOf(slicing, classOf.length, weights);
    const scores = isRefusal(slices) ? slices : await scoreReader(slices, classOf);
    if (isRefusal(scores)) {
      const refusal = refuse(scores.code, `${nodeLabel(slicing.node)} reads it: ${scores.reason}`);
      for (const root of classOf) refusals.set(root, refusal);
    } else for (const [root, score] of scores) sums.set(root, (sums.get(root) ?? 0) + score);
  }
  return new Map(layers.map(({ layer }) => [layer, scoresOf(layer, { find, sums, refusals })]));
}

interface ByClass {
  find(channel: number): number;
  readonly sums: ReadonlyMap<number, number>;
  readonly refusals: ReadonlyMap<number, Refusal>;
}

function scoresOf({ first, count }: CoupledLayer, { find, sums, refusals }: ByClass): LayerScores {
  const roots = Array.from({ length: count }, (_, c) => find(first + c));
  const refusal = roots.map((root) => refusals.get(root)).find((one) => one !== undefined);
  if (refusal) return refusal;
  if (!roots.some((root) => sums.has(root))) return refuse('unsupported', 'no layer reads its channels');
  return { scores: Float64Array.from(roots, (root) => sums.get(root) ?? 0) };
}
