import type { ChannelCoupling, CoupledLayer } from '../../channels/coupling/scope.ts';
import { isRefusal } from '../../graph/edit/refused.ts';
import type { LayerScores } from '../criteria/index.ts';
import { normalizations, reductions, type ScoreNormalization, type ScoreReduction } from './score-rules.ts';

interface CombinationRules {
  readonly normalize: ScoreNormalization;
  readonly reduce: ScoreReduction;
}

/**
 * The score of each channel set. Unscored layers and pass-through filters are ignored; a set that consists only of
 * pass-through filters has the score of the set that it passes through.
 */
export function setScores(
  found: ChannelCoupling,
  layerScores: ReadonlyMap<CoupledLayer, LayerScores>,
  { normalize, reduce }: CombinationRules,
): ReadonlyMap<number, number> {
  const { sets } = found;
  const gathered = new Map<number, ScoreSums>();
  const handedOn = new Map<number, { readonly from: number; readonly value: number }>();
  for (const [layer, result] of ofSharedWeights(found, layerScores)) {
    const { scores, carrying } = result;
    const own = carrying ? scores.filter((_, index) => !carrying.has(index)) : scores;
    const normalized = normalizations[normalize](own.length > 0 ? own : scores);
    scores.forEach((score, index) => {
      const value = normalized(score);
      const root = sets.find(layer.first + index);
      const label = carrying?.get(index);
      if (label === undefined) add(gathered, root, value);
      else if (!handedOn.has(root)) handedOn.set(root, { from: sets.find(label), value });
    });
  }
  const reduced = new Map<number, number>();
  for (const [root, { total, count, largest, first }] of gathered)
    reduced.set(root, reductions[reduce](total, count, largest, first));
  // Layers are in graph order, so the score of a passed-through set is already known, if it has one.
  for (const [root, { from, value }] of handedOn)
    if (!reduced.has(root)) reduced.set(root, reduced.get(from) ?? value);
  return reduced;
}

type Scored = Extract<LayerScores, { readonly scores: unknown }>;

/** The layers that have scores. Layers that share a weight count as one, with the mean of their scores. */
function ofSharedWeights(
  { slicings }: ChannelCoupling,
  layerScores: ReadonlyMap<CoupledLayer, LayerScores>,
): Map<CoupledLayer, Scored> {
  const weights = new Map(
    slicings.flatMap(({ node, role, value }) => (role === 'filters' ? [[node, value] as const] : [])),
  );
  const sharing = new Map<unknown, [CoupledLayer, Scored][]>();
  for (const [layer, result] of layerScores) {
    if (isRefusal(result)) continue;
    const key = weights.get(layer.node) ?? layer;
    sharing.set(key, [...(sharing.get(key) ?? []), [layer, result]]);
  }
  return new Map(
    [...sharing.values()].map((own) => {
      const [layer, first] = own[0]!;
      const scores = first.scores.map(
        (_, i) => own.reduce((sum, [, each]) => sum + each.scores[i]!, 0) / own.length,
      );
      return [layer, { ...first, scores }] as const;
    }),
  );
}

interface ScoreSums {
  total: number;
  count: number;
  largest: number;
  readonly first: number;
}

function add(gathered: Map<number, ScoreSums>, root: number, value: number): void {
  const known = gathered.get(root);
  if (!known) {
    gathered.set(root, { total: value, count: 1, largest: value, first: value });
    return;
  }
  known.total += value;
  known.count++;
  known.largest = Math.max(known.largest, value);
}
