import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { rank, type Timer, timedGraph } from '../../measure/timer.ts';
import type { Original } from '../rank-channels.ts';
import type { Widths } from './selection.ts';

interface LatencySearch {
  readonly original: Pick<Original, 'graph' | 'size'>;
  /** The widths of all units at a ratio. */
  readonly widths: (ratio: number) => Widths;
  /** Of two widths, the units that the second makes narrower, those that lose least first. */
  readonly narrowed: (wide: Widths, narrow: Widths) => readonly number[];
  /** The network of such widths. */
  readonly pruned: (widths: Widths) => Graph;
  readonly timer: Timer | undefined;
}

/** Halvings of the range of ratios; each costs a measurement. */
const HALVINGS = 7;

/**
 * The widest network found whose latency in the engine of a timer, of one image, is within a fraction of the original's;
 * each candidate is timed in turns with the original. Bisects the ratio; as latency falls in steps, where many units lose
 * a block of channels at one ratio, it then bisects how many of those units go along.
 */
export async function reachLatency(
  fraction: number,
  { original, widths, narrowed, pruned, timer }: LatencySearch,
): Promise<{ readonly widths: Widths; readonly met: boolean }> {
  const latencyOf = latencyParts(original, timer);
  const known = new Map<string, boolean>();
  const isWithin = async (candidate: Widths): Promise<boolean> => {
    const measured = known.get(candidate.join());
    if (measured !== undefined) return measured;
    const within = (await latencyOf(pruned(candidate))) <= fraction;
    known.set(candidate.join(), within);
    return within;
  };
  let [low, high] = [0, 1];
  if (!(await isWithin(widths(high)))) return { widths: widths(high), met: false };
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (await isWithin(widths(middle))) high = middle;
    else low = middle;
  }
  const [wide, narrow] = [widths(low), widths(high)];
  const units = narrowed(wide, narrow);
  const withFirst = (count: number): Widths => {
    const taken = new Set(units.slice(0, count));
    return wide.map((width, unit) => (taken.has(unit) ? narrow[unit]! : width));
  };
  let [few, many] = [0, units.length];
  while (many - few > 1) {
    const middle = Math.ceil((few + many) / 2);
    if (await isWithin(withFirst(middle))) many = middle;
    else few = middle;
  }
  return { widths: withFirst(many), met: true };
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
