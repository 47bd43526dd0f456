import { EspalierError } from '../errors.ts';
import { cloneGraph } from '../graph/clone.ts';
import type { Graph } from '../graph/graph.ts';
import { verifyEquivalent } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import type { Calibration } from './calibration.ts';
import { type Coupling, channelGroups } from './channel-groups.ts';
import type { Layer } from './coupling/scope.ts';
import { type CriterionName, type LayerScores, scoreLayers } from './criteria/index.ts';
import { maskedReference } from './masked.ts';
import { prepareForPruning } from './prepare.ts';
import { classScores, type Normalization, type Reduction } from './ranking/class-scores.ts';
import { type Cost, costModel } from './ranking/cost-model.ts';
import { type CostShare, shareCosts } from './ranking/cost-share.ts';
import { reachLatency } from './ranking/reach-latency.ts';
import {
  openSelection,
  type Ranking,
  type SelectionRules,
  type Selector,
  type Widths,
} from './ranking/selection.ts';
import { type Reached, reachCost } from './ranking/targets.ts';
import { layerTitle, pruningUnits, type Unit } from './ranking/units.ts';
import { removeChannels } from './remove-channels.ts';

/** How far to prune, always of the original network: a part of the channels goes, or a part of a cost stays. */
export type PruningTarget =
  | { readonly measure: 'ratio'; readonly fraction: number }
  | { readonly measure: 'macs' | 'parameters' | 'latency'; readonly fraction: number };

/** The network that ratios and targets refer to, where it is not the one that is pruned: iterations go back to it. */
export interface Original {
  readonly graph: Graph;
  readonly cost: Cost;
  /** Classes of each unit, by its name. */
  readonly classes: ReadonlyMap<string, number>;
}

export interface ChannelPruningOptions extends Omit<SelectionRules, 'original'> {
  readonly executor: Executor;
  readonly criterion: CriterionName;
  /** What is scored: filters (granularity filter), or the weights that read their channels (granularity channel). */
  readonly side: 'filters' | 'inputs';
  readonly foldBatchNormalization?: boolean;
  readonly normalize: Normalization;
  readonly reduce: Reduction;
  /** What a score is divided by: nothing, or what a class costs. */
  readonly per?: CostShare | null;
  readonly target: PruningTarget;
  readonly seed: number;
  readonly calibration: Calibration | null;
  /** From {@link openOriginal}; of the network itself for a first cut. */
  readonly original: Original;
  /** Compares with the masked network; default true. */
  readonly verify?: boolean;
  readonly signal?: AbortSignal;
}

/** What happens to one unit. */
export interface UnitOutcome {
  readonly name: string;
  readonly layers: readonly string[];
  /** Channels of its first layer that belong to it. */
  readonly channels: number;
  readonly kept: number;
  /** Why (some of) its channels cannot go. */
  readonly reason?: string;
}

/** What would be cut. */
export interface PruningPlan {
  readonly prepared: Graph;
  readonly coupling: Coupling;
  readonly units: readonly UnitOutcome[];
  readonly removed: ReadonlySet<number>;
  readonly cost: { readonly original: Cost; readonly after: Cost };
  /** Whether the target is met; where not, all that may go goes. */
  readonly met: boolean;
}

export interface PrunedChannels extends PruningPlan {
  readonly graph: Graph;
  /** Against the masked network, relative to its largest output; null where it was not verified. */
  readonly error: number | null;
  /** The filters that stay of each layer, by the name of its output. */
  readonly keptFilters: ReadonlyMap<string, readonly number[]>;
}

/** What a network is before the first cut. */
export async function openOriginal(network: Graph, executor: Executor): Promise<Original> {
  const graph = await prepareForPruning(network, executor);
  const coupling = channelGroups(graph);
  const classes = new Map(pruningUnits(coupling).map(({ name, classes }) => [name, classes.length]));
  return { graph, cost: costModel(graph, coupling.found).whole, classes };
}

/** Couples, scores and ranks the channels of a network, and selects those that go for a target. */
export async function planChannels(network: Graph, options: ChannelPruningOptions): Promise<PruningPlan> {
  const prepared = await prepareForPruning(network, options.executor);
  const coupling = channelGroups(prepared);
  const units = pruningUnits(coupling);
  const { found } = coupling;
  const layerScores = await scoreLayers(prepared, found, options);
  refuseUnscored(layerScores);
  const scored = classScores(found, layerScores, options);
  const model = costModel(prepared, found);
  const { original } = options;
  const scores = options.per
    ? await shareCosts({ per: options.per, prepared, found, units, scores: scored })
    : scored;
  const selector = openSelection({ units, scores } satisfies Ranking, {
    ...options,
    original: original.classes,
  });
  const reached = await reach(selector, { options, original, costOf: model.without, prepared });
  return {
    prepared,
    coupling,
    units: units.map((unit, i) => outcome(unit, reached.widths[i]!, { layerScores, scores })),
    removed: selector.removed(reached.widths),
    cost: { original: original.cost, after: reached.cost },
    met: reached.met,
  };
}

/**
 * Prunes whole channels of a network: those that a plan selects are taken out of every layer that makes or reads them.
 * The result is compared with the network whose channels are multiplied by 0; throws `verification` where they differ.
 */
export async function pruneChannels(network: Graph, options: ChannelPruningOptions): Promise<PrunedChannels> {
  const plan = await planChannels(network, options);
  const { graph, keptFilters } = cut(plan);
  const verified = options.verify === false ? null : await verifyCut(plan, graph, options.executor);
  return { ...plan, graph, keptFilters, error: verified };
}

async function verifyCut({ prepared, coupling, removed }: PruningPlan, graph: Graph, executor: Executor) {
  const masked = maskedReference(prepared, coupling.found, removed);
  return (await verifyEquivalent(masked, graph, { executor, tolerance: TOLERANCE })).error;
}

/** Sums in another order differ more where more is summed; a wrong channel differs by far more than this. */
const TOLERANCE = 1e-3;

/** The network without the channels of a plan; what was prepared is left alone. */
export function cut({ prepared, removed }: Pick<PruningPlan, 'prepared' | 'removed'>) {
  const graph = cloneGraph(prepared);
  const { found } = channelGroups(graph);
  const keptFilters = new Map(
    found.layers.map(({ node, first, count }) => {
      const filters = Array.from({ length: count }, (_, m) => m);
      return [
        node.outputs[0]!.name,
        filters.filter((m) => !removed.has(found.classes.find(first + m))),
      ] as const;
    }),
  );
  removeChannels(graph, found, removed);
  return { graph, keptFilters };
}

interface Reaching {
  readonly options: ChannelPruningOptions;
  readonly original: Original;
  readonly prepared: Graph;
  readonly costOf: (removed: ReadonlySet<number>) => Cost;
}

async function reach(
  selector: Selector,
  { options, original, costOf, prepared }: Reaching,
): Promise<Reached> {
  const { target, signal } = options;
  const { fraction } = target;
  const at = (widths: Widths, met: boolean): Reached => ({
    widths,
    cost: costOf(selector.removed(widths)),
    met,
  });
  if (target.measure === 'ratio') return at(selector.widths(fraction), true);
  if (target.measure !== 'latency')
    return reachCost({ measure: target.measure, fraction }, { selector, costOf, original: original.cost });
  const found = await reachLatency(fraction, {
    original: original.graph,
    pruned: (ratio) => cut({ prepared, removed: selector.removed(selector.widths(ratio)) }).graph,
    key: (ratio) => selector.widths(ratio).join(),
    signal,
  });
  return at(selector.widths(found.ratio), found.met);
}

function outcome(
  unit: Unit,
  width: number,
  {
    layerScores,
    scores,
  }: { layerScores: ReadonlyMap<Layer, LayerScores>; scores: ReadonlyMap<number, number> },
): UnitOutcome {
  const { name, layers, classes, channelsPerClass } = unit;
  const unscored = classes.some((root) => !scores.has(root))
    ? layers.flatMap((layer) => {
        const result = layerScores.get(layer);
        return result && 'reason' in result ? [result.reason] : [];
      })[0]
    : undefined;
  const reason = [...unit.reasons.values()][0] ?? unscored;
  return {
    name,
    layers: layers.map(layerTitle),
    channels: classes.length * channelsPerClass,
    kept: width * channelsPerClass,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Nothing to rank at all is an error, and says why by its first layer. */
function refuseUnscored(scores: ReadonlyMap<Layer, LayerScores>): void {
  const results = [...scores];
  if (results.some(([, result]) => 'scores' in result)) return;
  const first = results.find(([, result]) => 'reason' in result);
  if (!first) throw new EspalierError('unsupported', 'expected a layer with constant weights, found none');
  const [layer, result] = first;
  throw new EspalierError('unsupported', 'reason' in result ? result.reason : '', {
    where: layerTitle(layer),
  });
}
