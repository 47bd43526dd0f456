import type { Graph } from '../../graph/graph.ts';
import { benchmark } from '../../measure/latency.ts';
import { serializeModel } from '../../onnx/index.ts';

interface LatencySearch {
  readonly original: Graph;
  /** The network pruned at a ratio. */
  readonly pruned: (ratio: number) => Graph;
  /** What tells two ratios apart: those of one key prune alike and are measured once. */
  readonly key: (ratio: number) => string;
  /** To measure a candidate in; default 3. */
  readonly seconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Halvings of the range of ratios; each costs a measurement. */
const HALVINGS = 7;

/**
 * The least ratio at which the median latency in onnxruntime, of one image on one thread, is within a fraction of the
 * original's, by bisection; each candidate is timed in turns with the original.
 */
export async function reachLatency(
  fraction: number,
  { original, pruned, key, seconds = 3, signal }: LatencySearch,
): Promise<{ readonly ratio: number; readonly met: boolean }> {
  const reference = serializeModel(original);
  const known = new Map<string, boolean>();
  const isWithin = async (ratio: number): Promise<boolean> => {
    const measured = known.get(key(ratio));
    if (measured !== undefined) return measured;
    const options = { seconds, ...(signal ? { signal } : {}) };
    const { models } = await benchmark([reference, serializeModel(pruned(ratio))], options);
    const within = 1 / models[1]!.ratio <= fraction;
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
