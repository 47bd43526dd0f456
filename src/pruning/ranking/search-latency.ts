import type { Graph } from '../../graph/graph.ts';
import { rank, requiredTimer, type Timer, timedGraph } from '../../measure/timer.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import type { UnitWidths } from './selection.ts';
import { type NarrowingSearch, narrowUntil } from './targets.ts';

interface LatencySearch extends Pick<NarrowingSearch, 'widths' | 'order'> {
  readonly original: Pick<PreparedNetwork, 'graph' | 'size'>;
  /** Builds the network with the given widths. */
  readonly pruned: (widths: UnitWidths) => Graph;
  readonly timer: Timer | undefined;
}

/** Bisection steps over the range of ratios; each costs a measurement. */
const HALVINGS = 7;

/**
 * Finds the widest selection whose latency per image, measured by a timer, is within a fraction of the original's. Each
 * candidate is timed in alternation with the original.
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
 * The latencies of networks as fractions of the original's: shortest samples taken in alternation, as in {@link rank}. Throws
 * `usage` without a timer.
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
