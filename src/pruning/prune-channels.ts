import { cutChannels } from '../channels/cut-channels.ts';
import { maskedReference } from '../channels/masked-reference.ts';
import type { KeptPlaces } from '../channels/select-slices.ts';
import { defined } from '../defined.ts';
import { isRefusal } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import { expectNoGrowth } from '../measure/growth.ts';
import { extents } from '../measure/image-size.ts';
import { type NetworkCost, networkCost } from '../measure/macs.ts';
import {
  canonicalForm,
  toleranceOf as elementTolerance,
  verifyEquivalent,
  withoutRounding,
} from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { defaultNormalization, pruningDefaults } from './defaults.ts';
import type { PreparedNetwork } from './prepared-network.ts';
import { type RankedChannels, type RankingOptions, rankChannels } from './rank-channels.ts';
import { searchLatency } from './ranking/search-latency.ts';
import type { UnitWidths } from './ranking/selection.ts';
import {
  type CostTarget,
  type NarrowingSearch,
  type PruningTarget,
  type Reached,
  reachCost,
  reachedAt,
  type WideningStep,
} from './ranking/targets.ts';
import { layerTitle, type PruningUnit, setCounts } from './ranking/units.ts';
import type { KeptFilters } from './recovery/refits.ts';
import { type SearchOptions, searchChannels } from './search/search-channels.ts';

/**
 * The target and the ranking of channel pruning. By default, channels are ranked by L1 norm and the same fraction of each
 * layer is removed.
 */
export interface ChannelPruningOptions extends Partial<RankingOptions> {
  readonly executor: Executor;
  readonly target: PruningTarget;
  /** Whether to compare the result with the given network whose removed channels are masked; default true. */
  readonly verify?: boolean;
  /**
   * The reference of the comparison, if the network is a converted form of it: the file, and a function that restores its
   * element types. Values are matched by name.
   */
  readonly reference?: { readonly graph: Graph; restore(made: Graph): Graph };
  /** Tries other widths than those of the ranking, and chooses those with the least loss on calibration images. */
  readonly search?: SearchOptions;
  /** Globs of the outputs that are compared in a search. Default: all. */
  readonly outputs?: readonly string[] | undefined;
  readonly signal?: AbortSignal;
}

/** The result of pruning for one unit. */
export interface UnitOutcome {
  readonly name: string;
  readonly layers: readonly string[];
  /** Number of channels of its first layer that belong to it, in the original network. */
  readonly channels: number;
  readonly kept: number;
  /** Why (some of) its channels cannot be removed. */
  readonly reason?: string;
}

/** The selection of channels to remove. */
export interface PruningPlan {
  readonly prepared: PreparedNetwork;
  readonly units: readonly UnitOutcome[];
  readonly removed: ReadonlySet<number>;
  readonly cost: { readonly original: NetworkCost; readonly after: NetworkCost };
  /** Whether the target is met; if not, all removable channels are removed. */
  readonly met: boolean;
  /** The smallest wider step, which exceeds the target, if a cost stays far below it. */
  readonly nextStep?: NextStep;
}

/** The smallest step by which a unit could be wider. */
export interface NextStep {
  /** The first layer of the unit. */
  readonly layer: string;
  /** The cost of the step, as a fraction of the original. */
  readonly part: number;
}

/** A pruned network, and the result of its verification. */
export interface PrunedChannels extends PruningPlan {
  readonly graph: Graph;
  /** The largest error against the masked network, relative to its largest output; null if not verified. */
  readonly error: number | null;
  /** Whether so much was removed that the output no longer depends on the input; false if not verified. */
  readonly constant: boolean;
  /** The kept filters of each layer, by the name of its output. */
  readonly keptFilters: KeptFilters;
  readonly keptPlaces: KeptPlaces;
}

/**
 * Ranks the channels of a network and selects those to remove for a target, without removing them. Options are those of
 * {@link pruneChannels}.
 */
export async function planChannels(
  network: Graph | PreparedNetwork,
  given: ChannelPruningOptions,
): Promise<PruningPlan> {
  return planRanked(await rankChannels(network, withDefaults(given)), given);
}

/** {@link planChannels} for channels that were ranked with the same options, except for the target. */
export async function planRanked(ranked: RankedChannels, given: ChannelPruningOptions): Promise<PruningPlan> {
  const options = withDefaults(given);
  const { prepared, original, selector } = ranked;
  const { units } = prepared;
  const found = await reach(ranked, options);
  const reached = options.search && found.met ? await searched(ranked, found, options) : found;
  return {
    prepared,
    units: outcomes(ranked, reached.widths),
    removed: selector.removed(reached.widths),
    cost: { original: original.costs.whole, after: reached.cost },
    met: reached.met,
    ...(reached.nextStep ? { nextStep: named(reached.nextStep, units) } : {}),
  };
}

type CompleteOptions = ChannelPruningOptions & RankingOptions;

function withDefaults(given: ChannelPruningOptions): CompleteOptions {
  const { executor, target } = given;
  const { criterion, scope, round, floor, reduce, seed } = pruningDefaults;
  return {
    criterion,
    side: 'filters',
    normalize: defaultNormalization(given.criterion),
    reduce,
    scope,
    round,
    floor,
    layerRatios: [],
    seed,
    calibration: null,
    ...defined(given),
    executor,
    target,
  };
}

const named = ({ unit, part }: WideningStep, units: readonly PruningUnit[]): NextStep => ({
  layer: layerTitle(units[unit]!.layers[0]!),
  part,
});

/**
 * Prunes channels of a network: removes the selected ones from every layer that computes or reads them. The result is
 * compared with the network whose removed channels are multiplied by 0. Throws `verification` if the outputs differ, or if
 * the result is larger.
 *
 * @example
 * const { graph, met, cost } = await pruneChannels(network, {
 *   executor: onnxruntime,
 *   target: { measure: 'macs', fraction: 0.5 },
 *   criterion: 'geometric-median',
 * });
 */
export async function pruneChannels(
  network: Graph | PreparedNetwork,
  options: ChannelPruningOptions,
): Promise<PrunedChannels> {
  const plan = await planChannels(network, options);
  const { graph, keptFilters, keptPlaces } = cutChannels(plan.prepared, plan.removed);
  const verified =
    options.verify === false
      ? { error: null, constant: false }
      : await verifyCut({ ...plan, graph }, options);
  return { ...plan, graph, keptFilters, keptPlaces, ...verified };
}

/**
 * Compares with the given network whose removed channels are multiplied by 0. If that network does not name a value that a
 * layer reads, as inside a function, compares with its canonical form instead; else with the prepared network, after
 * comparing that with the given network.
 */
async function verifyCut(
  { prepared, removed, graph }: PruningPlan & { readonly graph: Graph },
  { executor, reference = { graph: prepared.network, restore: (made) => made } }: ChannelPruningOptions,
) {
  const { graph: given, restore } = reference;
  const made = restore(graph);
  expectNoGrowth({ before: [given, restore(prepared.graph)], after: made, rewrite: 'pruning' });
  const size = prepared.size === undefined ? {} : { size: extents(prepared.size) };
  const agree = ([before, after]: readonly [Graph, Graph]) =>
    verifyEquivalent(withoutRounding(before) ?? before, withoutRounding(after) ?? after, {
      executor,
      tolerance: toleranceOf(before, after),
      ...size,
    });
  const masked = (form: Graph) => maskedReference(form, prepared.coupling.found, removed);
  const maskedFile = masked(given) ?? masked(canonicalForm(given).graph);
  if (maskedFile) return agree([maskedFile, made]);
  await agree([given, restore(prepared.graph)]);
  return agree([masked(prepared.graph)!, graph]);
}

/** Networks in half precision have a tolerance of their own. */
const toleranceOf = (...graphs: readonly Graph[]): number =>
  graphs.some((graph) => graph.outputs.some(({ dtype }) => dtype === 'float16'))
    ? Math.max(TOLERANCE, elementTolerance('float16'))
    : TOLERANCE;

/** Sums in another order differ, the more so the longer they are; a wrong channel differs by far more than this. */
const TOLERANCE = 1e-3;

async function reach(ranked: RankedChannels, { target, timer }: CompleteOptions): Promise<Reached> {
  const { selector, prepared, original } = ranked;
  const { measure, fraction } = target;
  const at = (widths: UnitWidths, met: boolean): Reached => ({
    widths,
    cost: prepared.costs.without(selector.removed(widths)),
    met,
  });
  if (measure === 'ratio') return at(selector.widths(fraction), true);
  if (measure !== 'latency') return reachCutCost({ measure, fraction }, ranked);
  const found = await searchLatency(fraction, {
    original,
    widths: selector.widths,
    order: leastLossFirst(ranked),
    pruned: (widths) => cutChannels(prepared, selector.removed(widths)).graph,
    timer,
  });
  return at(found.widths, found.met);
}

/** Number of aims that are tried if the cut network costs more than predicted. */
const AIMS = 4;

/**
 * Finds a selection whose network, once cut, is within the target. The prediction multiplies costs by fractions of channels,
 * but a layer between reshapes may be cut differently. If the network costs more, a lower prediction is aimed at.
 */
async function reachCutCost(
  { measure, fraction }: CostTarget,
  { selector, prepared, original }: RankedChannels,
): Promise<Reached> {
  const whole = original.costs.whole;
  const search = { selector, costOf: prepared.costs.without, original: whole };
  let aim = fraction;
  for (let i = 1; ; i++) {
    const reached = await reachCost({ measure, fraction: aim }, search);
    const { graph } = cutChannels(prepared, selector.removed(reached.widths));
    const cost = networkCost(graph, { size: prepared.size });
    const part = cost[measure] / whole[measure];
    const within = part <= fraction * (1 + 1e-9);
    if (within || !reached.met || i === AIMS) return { ...reached, cost, met: within };
    aim *= (fraction / part) * (1 - 1e-3);
  }
}

/** Orders units by the scores of the channels they lose from one selection to the next. */
const leastLossFirst =
  ({ prepared: { units }, selector, scores }: RankedChannels): NarrowingSearch['order'] =>
  (differing, wide, narrow) => {
    const [before, after] = [selector.removed(wide), selector.removed(narrow)];
    const lost = units.map(({ sets }) =>
      sets
        .filter((root) => after.has(root) && !before.has(root))
        .reduce((sum, root) => sum + (scores.get(root) ?? 0), 0),
    );
    return differing.toSorted((a, b) => lost[a]! - lost[b]!);
  };

/** The widths of the best candidate of a search. */
async function searched(ranked: RankedChannels, start: Reached, options: CompleteOptions): Promise<Reached> {
  const { widths } = await searchChannels(ranked, start.widths, { ...options, search: options.search! });
  const { selector, prepared, original } = ranked;
  const { measure, fraction } = options.target;
  const costOf = prepared.costs.without;
  return measure === 'macs' || measure === 'parameters'
    ? reachedAt(widths, { measure, fraction }, { selector, costOf, original: original.costs.whole })
    : { widths, cost: costOf(selector.removed(widths)), met: true };
}

/** The result of the widths for each unit. */
function outcomes(ranked: RankedChannels, widths: UnitWidths): UnitOutcome[] {
  const originals = setCounts(ranked.original.units);
  return ranked.prepared.units.map((unit, i) => {
    const original = originals.get(unit.name) ?? unit.sets.length;
    return unitOutcome(unit, { original, kept: widths[i]!, reason: reasonToStay(unit, ranked) });
  });
}

interface UnitResult {
  /** In channel sets. */
  readonly original: number;
  readonly kept: number;
  readonly reason: string | undefined;
}

/** The result for a unit, in channels. */
export const unitOutcome = (
  { name, layers, channelsPerSet }: PruningUnit,
  { original, kept, reason }: UnitResult,
): UnitOutcome => ({
  name,
  layers: layers.map(layerTitle),
  channels: original * channelsPerSet,
  kept: kept * channelsPerSet,
  ...(reason === undefined ? {} : { reason }),
});

function reasonToStay(
  { layers, sets, reasons }: PruningUnit,
  { scores, layerScores }: RankedChannels,
): string | undefined {
  const [pinned] = reasons.values();
  if (pinned !== undefined || sets.every((root) => scores.has(root))) return pinned;
  const results = layers.flatMap((layer) => layerScores.get(layer) ?? []);
  return results.flatMap((result) => (isRefusal(result) ? [result.reason] : []))[0];
}
