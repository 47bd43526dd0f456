import type { CoupledLayer } from '../../channels/coupling/scope.ts';
import { nodeLabel } from '../../graph/graph.ts';
import type { LayerScores, ScoresByLayer, Scoring } from './criterion.ts';
import { type Slices, slicesOf } from './slices.ts';

/** Scores the channel sets that one layer reads, given the channel set of each slice of its weight; or says why it cannot. */
export type ScoreReader = (
  slices: Slices,
  classOf: Int32Array,
) => Promise<ReadonlyMap<number, number> | string> | ReadonlyMap<number, number> | string;

/** Scores channels by what reads them: the sum, over the layers that do, of the score of the slice that does. */
export async function scoreInputs(scoring: Scoring, scoreReader: ScoreReader): Promise<ScoresByLayer> {
  const { found, layers, weights } = scoring;
  const { find } = found.sets;
  const sums = new Map<number, number>();
  const reasons = new Map<number, string>();
  const seen = new Set<unknown>();
  for (const slicing of found.slicings) {
    // A weight that several layers share counts once.
    if (slicing.role !== 'inputs' || seen.has(slicing.value)) continue;
    seen.add(slicing.value);
    const classOf = slicing.channels.labels.map(find);
    const slices = slicesOf(slicing, classOf.length, weights);
    const scores = typeof slices === 'string' ? slices : await scoreReader(slices, classOf);
    if (typeof scores === 'string') {
      for (const root of classOf) reasons.set(root, `${nodeLabel(slicing.node)} reads it: ${scores}`);
    } else for (const [root, score] of scores) sums.set(root, (sums.get(root) ?? 0) + score);
  }
  return new Map(layers.map(({ layer }) => [layer, scoresOf(layer, { find, sums, reasons })]));
}

interface ByClass {
  find(channel: number): number;
  readonly sums: ReadonlyMap<number, number>;
  readonly reasons: ReadonlyMap<number, string>;
}

function scoresOf({ first, count }: CoupledLayer, { find, sums, reasons }: ByClass): LayerScores {
  const roots = Array.from({ length: count }, (_, c) => find(first + c));
  const reason = roots.map((root) => reasons.get(root)).find((text) => text !== undefined);
  if (reason !== undefined) return { reason };
  if (!roots.some((root) => sums.has(root))) return { reason: 'no layer reads its channels' };
  return { scores: Float64Array.from(roots, (root) => sums.get(root) ?? 0) };
}
