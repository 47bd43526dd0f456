import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { rank, type Timer, timedGraph } from '../../measure/timer.ts';
import type { Original } from '../rank-channels.ts';

interface LatencySearch {
  readonly original: Pick<Original, 'graph' | 'size'>;
  /** The network pruned at a ratio. */
  readonly pruned: (ratio: number) => Graph;
  /** What tells two ratios apart: those of one key prune alike and are measured once. */
  readonly key: (ratio: number) => string;
  readonly timer: Timer | undefined;
}

/** Halvings of the range of ratios; each costs a measurement. */
const HALVINGS = 7;

/**
 * The least ratio at which the latency in the engine of a timer, of one image, is within a fraction of the original's, by
 * bisection; each candidate is timed in turns with the original.
 */
export async function reachLatency(
  fraction: number,
  { original, pruned, key, timer }: LatencySearch,
): Promise<{ readonly ratio: number; readonly met: boolean }> {
  const latencyOf = latencyParts(original, timer);
  const known = new Map<string, boolean>();
  const isWithin = async (ratio: number): Promise<boolean> => {
    const measured = known.get(key(ratio));
    if (measured !== undefined) return measured;
    const within = (await latencyOf(pruned(ratio))) <= fraction;
    known.set(key(ratio), within);
    return within;
  };
  let [low, high] = [0, 1];
  if (!(await isWithin(high))) return { ratio: high, met: false };
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (await isWithin(middle)) high = middle;
    else low = middle;
  }
  return { ratio: high, met: true };
}

/**
 * Of networks, the part of the original's latency that each takes: the shortest of samples taken in turns, as `rank` has
 * them. Throws `usage` without a timer.
 */
export function latencyParts(
  { graph, size }: Pick<Original, 'graph' | 'size'>,
  timer: Timer | undefined,
): (network: Graph) => Promise<number> {
  if (!timer) throw new EspalierError('usage', 'a target in latency: expected a timer, found none');
  const reference = timedGraph(graph, { size });
  return async (network) => {
    const { ms } = await rank([reference, timedGraph(network, { size })], timer);
    return ms[1]! / ms[0]!;
  };
}
