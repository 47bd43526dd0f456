import { requireCalibration } from '../../calibration/probe.ts';
import type { ChannelCoupling, CoupledLayer } from '../../channels/coupling/scope.ts';
import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { connections } from '../../graph/topology.ts';
import { apoz } from './apoz.ts';
import { batchNormalizationScale } from './bn-scale.ts';
import type { Criterion, ScoresByLayer, ScoringOptions } from './criterion.ts';
import { featureRank } from './feature-rank.ts';
import { weightData } from './folded-weights.ts';
import { geometricMedian } from './geometric-median.ts';
import { type CriterionName, criterionNames } from './names.ts';
import { l1Norm, l2Norm } from './norms.ts';
import {
  type PassThroughFilters,
  passThroughFilters,
  withoutPassThrough,
  withPassThrough,
} from './pass-through-filters.ts';
import { randomScore } from './random-score.ts';
import { filterSlices } from './slices.ts';
import { taylor } from './taylor.ts';
import { weightRank } from './weight-rank.ts';

export type {
  Criterion,
  LayerScores,
  ScoresByLayer,
  ScoringOptions,
} from './criterion.ts';
export { type CriterionName, criterionNames } from './names.ts';

/** All criteria, by name. */
export const criteria: { readonly [Name in CriterionName]: Criterion } = {
  'l1-norm': l1Norm,
  'l2-norm': l2Norm,
  'geometric-median': geometricMedian,
  'weight-rank': weightRank,
  'feature-rank': featureRank,
  'bn-scale': batchNormalizationScale,
  apoz,
  taylor,
  random: randomScore,
};

/**
 * Scores the filters of every layer of a coupled graph, where the lowest are removed first; a layer that cannot be scored has
 * a reason instead. Throws `usage` if the criterion needs images that are not given, or cannot score inputs.
 *
 * @example
 * const options = { criterion: 'l1-norm', seed: 0, executor: onnxruntime, calibration: null } as const;
 * const scores = await scoreLayers(graph, channelGroups(graph).found, options);
 */
export async function scoreLayers(
  graph: Graph,
  found: ChannelCoupling,
  options: ScoringOptions,
): Promise<ScoresByLayer> {
  const criterion = typeof options.criterion === 'string' ? criteria[options.criterion] : options.criterion;
  const { side = 'filters' } = options;
  if (!criterion.sides.includes(side)) throw scoresFiltersOnly(criterion);
  if (criterion.needs !== 'weights') requireCalibration(options.calibration, criterion.name);
  const links = connections(graph);
  const weights = weightData({ found, links, foldBatchNormalization: options.foldBatchNormalization });
  const filtersOf = filterSlices(found, weights);
  const carrying = criterion.weighs ? passThroughFilters(found) : new Map<CoupledLayer, PassThroughFilters>();
  const layers = found.layers.map((layer) => {
    const filters = filtersOf(layer);
    return { layer, filters: withoutPassThrough(filters, carrying.get(layer)) };
  });
  const scores = await criterion.score({ ...options, side, graph, found, links, weights, layers });
  return new Map(
    [...scores].map(([layer, result]) => [layer, withPassThrough(result, layer.count, carrying.get(layer))]),
  );
}

function scoresFiltersOnly({ name }: Criterion): EspalierError {
  const others = criterionNames.filter((other) => criteria[other].sides.includes('inputs')).join(', ');
  return new EspalierError('usage', `${name} scores filters alone: expected ${others} for input channels`);
}
