import type { Calibration } from '../calibration/calibration.ts';
import type { CoupledLayer } from '../channels/coupling/scope.ts';
import { keepOneChannel } from '../channels/keep-one-channel.ts';
import { EspalierError } from '../errors.ts';
import { isRefusal } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import { matcherOf } from '../graph/name-globs.ts';
import type { Timer } from '../measure/timer.ts';
import type { Executor } from '../runtime/executor.ts';
import {
  type Criterion,
  type CriterionName,
  type LayerScores,
  type ScoresByLayer,
  scoreLayers,
} from './criteria/index.ts';
import { passThroughSets } from './criteria/pass-through-filters.ts';
import { type PreparedNetwork, prepareChannels } from './prepared-network.ts';
import { type CostShare, shareCosts } from './ranking/cost-share.ts';
import type { ScoreNormalization, ScoreReduction } from './ranking/score-rules.ts';
import { openSelection, type SelectionRules, type WidthSelector } from './ranking/selection.ts';
import { setScores } from './ranking/set-scores.ts';
import { layerTitle, type PruningUnit, setCounts } from './ranking/units.ts';
import { type DamageMeasure, greedySelector } from './sensitivity/greedy.ts';
import type { UnitSensitivity } from './sensitivity/measure.ts';

/** How the channels of a network are ranked. */
export interface RankingOptions extends Omit<SelectionRules, 'original'> {
  readonly executor: Executor;
  readonly criterion: CriterionName | Criterion;
  /** Learned scores instead of a criterion's: of the removable channel sets, by unit, in its order. */
  readonly learned?: ReadonlyMap<string, readonly number[]>;
  /** The result of {@link scoreLayers} for the prepared network, if the criterion has already scored it. */
  readonly layerScores?: ScoresByLayer;
  /** What is scored: `filters` that compute a channel, or `inputs`, the weights that read it. */
  readonly side: 'filters' | 'inputs';
  readonly foldBatchNormalization?: boolean;
  readonly normalize: ScoreNormalization;
  readonly reduce: ScoreReduction;
  /** Divides a score by the cost of the channel set; null does not. */
  readonly per?: CostShare | null;
  /** Times channel sets for scores per millisecond, and candidates if the target is a latency. */
  readonly timer?: Timer;
  readonly seed: number;
  readonly calibration: Calibration | null;
  /** The network before the first cut, to which ratios and targets refer. Default: the network itself. */
  readonly original?: PreparedNetwork;
  /** Sensitivities by which the widths of units are chosen, instead of the scope. */
  readonly sensitivity?: {
    readonly sensitivities: readonly UnitSensitivity[];
    readonly damage: DamageMeasure;
  };
}

/** A network with coupled and ranked channels. */
export interface RankedChannels {
  readonly prepared: PreparedNetwork;
  /** The network before the first cut. */
  readonly original: PreparedNetwork;
  readonly layerScores: ReadonlyMap<CoupledLayer, LayerScores>;
  /** By channel set. */
  readonly scores: ReadonlyMap<number, number>;
  readonly selector: WidthSelector;
}

/**
 * Finds coupled channels, scores them and ranks them. Throws `unsupported` if no layer can be scored.
 *
 * @example
 * const { prepared, scores } = await rankChannels(network, {
 *   criterion: 'l1-norm',
 *   side: 'filters',
 *   normalize: 'mean',
 *   reduce: 'mean',
 *   scope: 'global',
 *   layerRatios: [],
 *   round: 8,
 *   floor: 0.1,
 *   seed: 0,
 *   calibration: null,
 *   executor: onnxruntime,
 * });
 */
export async function rankChannels(
  network: Graph | PreparedNetwork,
  options: RankingOptions,
): Promise<RankedChannels> {
  const { per, learned, timer, sensitivity } = options;
  const prepared = await prepareChannels(network, options.executor, { size: options.original?.size });
  const { graph, units, costs } = prepared;
  const { found } = prepared.coupling;
  const { original = prepared } = options;
  expectLayers(options.layerRatios, original);
  const layerScores = learned
    ? new Map<CoupledLayer, LayerScores>()
    : (options.layerScores ?? (await scoreLayers(graph, found, options)));
  if (!learned) refuseUnscored(layerScores);
  const scored = learned ? bySet(units, learned) : setScores(found, layerScores, options);
  const scores = per ? await shareCosts(prepared, { per, scores: scored, timer }) : scored;
  const ranking = { units, scores, carriers: passThroughSets(found) };
  const selection = openSelection(ranking, { ...options, original: setCounts(original.units) });
  const ranked: WidthSelector = {
    ...selection,
    removed: (widths) => keepOneChannel(found, selection.removed(widths)),
  };
  const selector = sensitivity
    ? greedySelector({ ...sensitivity, units, selector: ranked, costOf: costs.without })
    : ranked;
  return { prepared, original, layerScores, scores, selector };
}

/** Throws `usage` for a glob that names no layer. */
export function expectLayers(
  layerRatios: SelectionRules['layerRatios'],
  { coupling }: Pick<PreparedNetwork, 'coupling'>,
): void {
  const globs = layerRatios.map(({ glob }) => glob);
  matcherOf(globs, coupling.found.layers.map(layerTitle), { option: 'layerRatios', what: 'layer' });
}

/** Throws if there is nothing to rank, with the reason of the first layer. */
function refuseUnscored(scores: ReadonlyMap<CoupledLayer, LayerScores>): void {
  const results = [...scores];
  if (results.some(([, result]) => 'scores' in result)) return;
  for (const [layer, result] of results) {
    if (isRefusal(result))
      throw new EspalierError('unsupported', result.reason, { where: layerTitle(layer) });
  }
  throw new EspalierError('unsupported', 'expected a layer with constant weights, found none');
}

/** Learned scores by channel set. */
const bySet = (
  units: readonly PruningUnit[],
  learned: ReadonlyMap<string, readonly number[]>,
): Map<number, number> =>
  new Map(
    units.flatMap(({ name, sets, reasons }) => {
      const free = sets.filter((root) => !reasons.has(root));
      return (learned.get(name) ?? []).map((score, i) => [free[i]!, score] as const);
    }),
  );
