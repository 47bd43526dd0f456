import { type Graph, staticShape, type Value } from '../graph/graph.ts';
import { addTo, average } from '../numeric/statistics.ts';
import { float32Data } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';
import { type ProbeContext, probe } from './probe.ts';

/** Mean and variance per channel of a value [N, C, …]. */
export interface ChannelStatistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/**
 * μ and σ² per channel of some values over all calibration images: the mean of the batches' variances plus the variance of
 * their means.
 */
export async function channelStatistics<T extends { readonly value: Value }>(
  graph: Graph,
  observed: readonly T[],
  context: ProbeContext,
): Promise<(T & ChannelStatistics)[]> {
  const batches = observed.map((each) => ({
    each,
    means: [] as Float32Array[],
    variances: [] as Float32Array[],
  }));
  await probe(graph, context, {
    append({ g, copyOf, watch }) {
      for (const { each, means, variances } of batches) {
        const y = copyOf(each.value);
        const axes = g.int64s(staticShape(y).flatMap((_, axis) => (axis === 1 ? [] : [axis])));
        const mean = g.ReduceMean(y, axes, { keepdims: 1 });
        const centred = g.Sub(y, mean);
        watch(g.Flatten(mean, { axis: 0 }), (part) => means.push(float32Data(part).slice()));
        watch(g.ReduceMean(g.Mul(centred, centred), axes, { keepdims: 0 }), (part) =>
          variances.push(float32Data(part).slice()),
        );
      }
    },
  });
  return batches.map(({ each, means, variances }) => {
    const mean = average(means);
    const squares = means.map((batch) =>
      Float64Array.from(zip(batch, mean), ([x, center]) => (x - center) ** 2),
    );
    const variance = average(variances);
    addTo(variance, average(squares));
    return { ...each, mean, variance };
  });
}
