import type { Graph, Value } from '../graph/graph.ts';
import { type ProbeContext, probe } from './probe.ts';

/** Mean and variance of each channel of a value [N, C, …]. */
export interface ChannelStatistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** μ and σ² of every channel of some values over all calibration images: the batches' own, and the variance of their means. */
export async function channelStatistics(
  graph: Graph,
  values: readonly Value[],
  context: ProbeContext,
): Promise<ChannelStatistics[]> {
  const batches = values.map(() => [] as { mean: Float32Array; variance: Float32Array }[]);
  await probe(graph, context, {
    append({ g, copyOf }) {
      values.forEach((value, i) => {
        const y = copyOf(value);
        const axes = g.int64s(y.shape!.flatMap((_, axis) => (axis === 1 ? [] : [axis])));
        const mean = g.ReduceMean(y, axes, { keepdims: 1 });
        const centred = g.Sub(y, mean);
        g.output(g.Flatten(mean, { axis: 0 }), `mean.${i}`);
        g.output(g.ReduceMean(g.Mul(centred, centred), axes, { keepdims: 0 }), `variance.${i}`);
      });
    },
    onResult(results) {
      for (const [i, seen] of batches.entries()) {
        const [mean, variance] = [`mean.${i}`, `variance.${i}`].map(
          (name) => results[name]!.data as Float32Array,
        );
        seen.push({ mean: mean!.slice(), variance: variance!.slice() });
      }
    },
  });
  return batches.map((seen) => {
    const average = (of: (batch: (typeof seen)[number], c: number) => number) =>
      Float64Array.from(
        seen[0]!.mean,
        (_, c) => seen.reduce((sum, batch) => sum + of(batch, c), 0) / seen.length,
      );
    const mean = average((batch, c) => batch.mean[c]!);
    return { mean, variance: average((batch, c) => batch.variance[c]! + (batch.mean[c]! - mean[c]!) ** 2) };
  });
}
