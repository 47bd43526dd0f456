import { openComparison } from '../../calibration/comparison.ts';
import { damageOf } from '../../calibration/damage.ts';
import { requireCalibration } from '../../calibration/probe.ts';
import { cutChannels } from '../../channels/cut-channels.ts';
import { EspalierError } from '../../errors.ts';
import type { Timer } from '../../measure/timer.ts';
import type { RankedChannels, RankingOptions } from '../rank-channels.ts';
import { fillTarget } from '../ranking/fill-target.ts';
import { latencyParts } from '../ranking/search-latency.ts';
import type { UnitWidths } from '../ranking/selection.ts';
import { budgetOf, type PruningTarget } from '../ranking/targets.ts';
import { statisticsReference } from '../recovery/match-statistics.ts';
import { searchWidths, type WidthCandidate, type WidthSearch } from './search-widths.ts';

/** The number of widths to try, and the candidates of an interrupted search. */
export interface SearchOptions extends Pick<WidthSearch, 'candidates' | 'known' | 'onCandidate'> {}

interface ChannelSearch extends RankingOptions {
  /** A target in a cost; a ratio of channels leaves no choice of widths. */
  readonly target: PruningTarget;
  readonly search: SearchOptions;
  /** Globs of the outputs that are compared. Default: all. */
  readonly outputs?: readonly string[] | undefined;
  /** Times candidates if the target is a latency. */
  readonly timer?: Timer;
  readonly signal?: AbortSignal;
}

/**
 * Searches the widths of all units that lose least within the target. Each candidate is cut and its statistics are
 * recalibrated; it is judged by its loss on calibration images if class scores are the only compared output, else by the mean
 * error of its outputs.
 */
export async function searchChannels(
  ranked: RankedChannels,
  start: UnitWidths,
  options: ChannelSearch,
): Promise<WidthCandidate> {
  const { prepared, original, selector } = ranked;
  const { executor, target, search, seed, signal } = options;
  const calibration = requireCalibration(options.calibration, 'a search of widths');
  const context = { calibration, executor, outputs: options.outputs };
  const comparison = await openComparison(prepared.graph, context);
  const reference = await statisticsReference(prepared.graph, context);
  const cutTo = (widths: UnitWidths) => cutChannels(prepared, selector.removed(widths));
  const latencyOf = target.measure === 'latency' ? latencyParts(original, options.timer) : null;
  return searchWidths({
    ...search,
    start,
    seed,
    choices: selector.choices,
    refill: refillOf(target, ranked),
    isWithin: withinOf(target, {
      costOf: (widths, measure) =>
        prepared.costs.without(selector.removed(widths))[measure] / original.costs.whole[measure],
      latencyOf: (widths) => latencyOf!(cutTo(widths).graph),
    }),
    async damageOf(widths) {
      if (signal?.aborted)
        throw new EspalierError('interrupted', 'search interrupted: evaluated candidates are recorded');
      const { graph, keptPlaces } = cutTo(widths);
      return damageOf(await comparison.compare(await reference.match(graph, keptPlaces)));
    },
  });
}

/** Widens units in the given order as far as the target permits. */
function refillOf(
  target: PruningTarget,
  { selector, prepared, original }: RankedChannels,
): NonNullable<WidthSearch['refill']> {
  if (target.measure === 'ratio' || target.measure === 'latency') return (widths) => widths;
  const { measure, fraction } = target;
  const search = { selector, costOf: prepared.costs.without, original: original.costs.whole };
  const budget = budgetOf({ measure, fraction }, search);
  return (widths, order) =>
    fillTarget(widths, {
      ...budget,
      selector: { choices: selector.choices, mostLacking: () => order },
      ratio: 0,
    });
}

interface Measures {
  costOf(widths: UnitWidths, measure: 'macs' | 'parameters'): number;
  latencyOf(widths: UnitWidths): Promise<number>;
}

function withinOf({ measure, fraction }: PruningTarget, measures: Measures): WidthSearch['isWithin'] {
  if (measure === 'ratio')
    throw new EspalierError('usage', 'a search needs a target in MACs, parameters or latency');
  const slack = 1e-9;
  if (measure === 'latency') return async (widths) => (await measures.latencyOf(widths)) <= fraction;
  return (widths) => measures.costOf(widths, measure) <= fraction + slack;
}
