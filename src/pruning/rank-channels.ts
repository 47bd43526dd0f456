import type { Calibration } from '../calibration/calibration.ts';
import { type Coupling, channelGroups } from '../channels/channel-groups.ts';
import type { CoupledLayer } from '../channels/coupling/scope.ts';
import { keepOneChannel } from '../channels/keep-one-channel.ts';
import { prepareForPruning } from '../channels/prepare-for-pruning.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { matcherOf } from '../graph/name-globs.ts';
import type { ImageSize } from '../measure/image-size.ts';
import type { CostOptions, NetworkCost } from '../measure/macs.ts';
import type { Timer } from '../measure/timer.ts';
import type { Executor } from '../runtime/executor.ts';
import { type Criterion, type CriterionName, type LayerScores, scoreLayers } from './criteria/index.ts';
import { passThroughSets } from './criteria/pass-through-filters.ts';
import { classScores, type ScoreNormalization, type ScoreReduction } from './ranking/class-scores.ts';
import { type CostModel, costModel } from './ranking/cost-model.ts';
import { type CostShare, shareCosts } from './ranking/cost-share.ts';
import { openSelection, type SelectionRules, type WidthSelector } from './ranking/selection.ts';
import { layerTitle, type PruningUnit, pruningUnits } from './ranking/units.ts';
import { type DamageMeasure, greedySelector } from './sensitivity/greedy.ts';
import type { UnitSensitivity } from './sensitivity/measure.ts';

/** The network that ratios and targets refer to, where it is not the one that is pruned: iterations go back to it. */
export interface Original {
  readonly graph: Graph;
  readonly cost: NetworkCost;
  /** Channel sets of each unit, by its name. */
  readonly setCounts: ReadonlyMap<string, number>;
  /** The names of all layers with channels: what globs may name. */
  readonly layers: readonly string[];
  /** Height and width that it is measured at, where it leaves them open. */
  readonly size?: ImageSize | undefined;
}

/** How the channels of a network are ranked. */
export interface RankingOptions extends Omit<SelectionRules, 'original'> {
  readonly executor: Executor;
  readonly criterion: CriterionName | Criterion;
  /** Scores that were learned, in place of a criterion's: of the channel sets that may go, by unit, in its order. */
  readonly learned?: ReadonlyMap<string, readonly number[]>;
  /** What is scored: filters (granularity filter), or the weights that read their channels (granularity channel). */
  readonly side: 'filters' | 'inputs';
  readonly foldBatchNormalization?: boolean;
  readonly normalize: ScoreNormalization;
  readonly reduce: ScoreReduction;
  /** What a score is divided by: nothing, or what a channel set costs. */
  readonly per?: CostShare | null;
  /** Times channel sets for scores per millisecond, and candidates where the target is a latency. */
  readonly timer?: Timer;
  readonly seed: number;
  readonly calibration: Calibration | null;
  /** From {@link openOriginal}; of the network itself for a first cut. */
  readonly original: Original;
  /** Sensitivities to choose the widths of units by, in place of the scope. */
  readonly sensitivity?: {
    readonly sensitivities: readonly UnitSensitivity[];
    readonly damage: DamageMeasure;
  };
}

/**
 * What a network is before the first cut: its costs, channel sets and layers, of which targets and floors of every later
 * cut are parts.
 */
export async function openOriginal(
  network: Graph,
  executor: Executor,
  { size }: CostOptions = {},
): Promise<Original> {
  const graph = await prepareForPruning(network, executor);
  const coupling = channelGroups(graph);
  const setCounts = new Map(pruningUnits(coupling).map(({ name, sets }) => [name, sets.length]));
  const layers = coupling.found.layers.map(layerTitle);
  return { graph, cost: costModel(graph, coupling.found, { size }).whole, setCounts, layers, size };
}

/** A network whose channels are coupled and ranked. */
export interface RankedChannels {
  readonly prepared: Graph;
  readonly coupling: Coupling;
  readonly units: readonly PruningUnit[];
  readonly layerScores: ReadonlyMap<CoupledLayer, LayerScores>;
  readonly scores: ReadonlyMap<number, number>;
  readonly selector: WidthSelector;
  readonly costs: CostModel;
}

/**
 * Couples, scores and ranks the channels of a network.
 *
 * @example
 * const { units, scores } = await rankChannels(network, {
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
 *   original: await openOriginal(network, onnxruntime),
 * });
 */
export async function rankChannels(network: Graph, options: RankingOptions): Promise<RankedChannels> {
  const prepared = await prepareForPruning(network, options.executor);
  const coupling = channelGroups(prepared);
  const units = pruningUnits(coupling);
  const { found } = coupling;
  const { per, original, learned, timer } = options;
  matcherOf(
    options.layerRatios.map(({ glob }) => glob),
    original.layers,
    { option: 'layerRatios', what: 'layer' },
  );
  const layerScores = learned
    ? new Map<CoupledLayer, LayerScores>()
    : await scoreLayers(prepared, found, options);
  if (!learned) refuseUnscored(layerScores);
  const scored = learned ? byClass(units, learned) : classScores(found, layerScores, options);
  const scores = per
    ? await shareCosts({ per, prepared, found, units, scores: scored, size: original.size, timer })
    : scored;
  const ranking = { units, scores, carriers: passThroughSets(found) };
  const selection = openSelection(ranking, { ...options, original: original.setCounts });
  const ranked: WidthSelector = {
    ...selection,
    removed: (widths) => keepOneChannel(found, selection.removed(widths)),
  };
  const costs = costModel(prepared, found, { size: original.size });
  const { sensitivity } = options;
  const selector = sensitivity
    ? greedySelector({ ...sensitivity, units, selector: ranked, costOf: costs.without })
    : ranked;
  return { prepared, coupling, units, layerScores, scores, selector, costs };
}

/** Nothing to rank at all is an error, and says why by its first layer. */
function refuseUnscored(scores: ReadonlyMap<CoupledLayer, LayerScores>): void {
  const results = [...scores];
  if (results.some(([, result]) => 'scores' in result)) return;
  const first = results.find(([, result]) => 'reason' in result);
  if (!first) throw new EspalierError('unsupported', 'expected a layer with constant weights, found none');
  const [layer, result] = first;
  throw new EspalierError('unsupported', 'reason' in result ? result.reason : '', {
    where: layerTitle(layer),
  });
}

/** Learned scores by channel set. */
const byClass = (
  units: readonly PruningUnit[],
  learned: ReadonlyMap<string, readonly number[]>,
): Map<number, number> =>
  new Map(
    units.flatMap(({ name, sets, reasons }) => {
      const free = sets.filter((root) => !reasons.has(root));
      return (learned.get(name) ?? []).map((score, i) => [free[i]!, score] as const);
    }),
  );
