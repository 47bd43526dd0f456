import type { Graph } from '../../graph/graph.ts';
import { rank, requiredTimer, type Timer, timedGraph } from '../../measure/timer.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import type { UnitWidths } from './selection.ts';
import { type NarrowingSearch, narrowUntil } from './targets.ts';

interface LatencySearch extends Pick<NarrowingSearch, 'widths' | 'order'> {
  readonly original: Pick<PreparedNetwork, 'graph' | 'size'>;
  /** The network of such widths. */
  readonly pruned: (widths: UnitWidths) => Graph;
  readonly timer: Timer | undefined;
}

/** Halvings of the range of ratios; each costs a measurement. */
const HALVINGS = 7;

/**
 * The widest selection found whose latency in the engine of a timer, of one image, is within a fraction of the original's;
 * each candidate is timed in turns with the original.
 */
export async function searchLatency(
  fraction: number,
  { original, pruned, timer, ...search }: LatencySearch,
): Promise<{ readonly widths: UnitWidths; readonly met: boolean }> {
  const latencyOf = latencyParts(original, timer);
  const isWithin = async (widths: UnitWidths) => (await latencyOf(pruned(widths))) <= fraction;
  return narrowUntil({ ...search, isWithin, halvings: HALVINGS });
}

/**
 * Of networks, the part of the original's latency that each takes: the shortest of samples taken in turns, as `rank` has
 * them. Throws `usage` without a timer.
 */
export function latencyParts(
  { graph, size }: Pick<PreparedNetwork, 'graph' | 'size'>,
  timer: Timer | undefined,
): (network: Graph) => Promise<number> {
  const known = requiredTimer(timer, 'a target in latency');
  const reference = timedGraph(graph, { size });
  return async (network) => {
    const { ms } = await rank([await reference, await timedGraph(network, { size })], known);
    return ms[1]! / ms[0]!;
  };
}
