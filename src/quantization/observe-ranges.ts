import { type ProbeContext, probe } from '../calibration/probe.ts';
import { EspalierError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { elementCount, float32Data, type Tensor } from '../numeric/tensor.ts';
import { countElements, emptyHistogram, percentileRange } from './histogram.ts';
import { type ActivationRange, rangeOf, unionOf } from './scales.ts';

/** The elements that 8 bits represent: all observed ones, or the given percentage. */
export type CalibrationMethod = 'minmax' | { readonly percentile: number };

/** Bytes of activations that may be held at once while they are counted. */
const MOST_BYTES = 256e6;

/**
 * The range of each value on calibration images: one pass for minimum and maximum, and for percentiles a second one for a
 * histogram. A constant has the range of its elements. Throws `diverged` if a value is infinite or NaN.
 */
export async function observeRanges(
  graph: Graph,
  values: Iterable<Value>,
  { context, method }: { readonly context: ProbeContext; readonly method: CalibrationMethod },
): Promise<Map<Value, ActivationRange>> {
  const ranges = new Map<Value, ActivationRange>();
  const activations: Value[] = [];
  for (const value of values) {
    if (value.tensor) ranges.set(value, rangeOf(float32Data(value.tensor)));
    else activations.push(value);
  }
  const ends = await observeEnds(graph, activations, context);
  if (method !== 'minmax') await narrow(graph, ends, { context, percentile: method.percentile });
  return new Map([...ranges, ...ends]);
}

async function observeEnds(
  graph: Graph,
  values: readonly Value[],
  context: ProbeContext,
): Promise<Map<Value, ActivationRange>> {
  const ends = new Map<Value, ActivationRange>();
  await probe(graph, context, {
    append({ g, copyOf, watch }) {
      for (const value of values) {
        const widen = ({ data: [element] }: Tensor) => {
          const end = Number(element);
          if (!Number.isFinite(end)) throw diverged(value);
          ends.set(value, unionOf(ends.get(value) ?? { low: end, high: end }, { low: end, high: end }));
        };
        watch(g.ReduceMin(copyOf(value), { keepdims: 0 }), widen);
        watch(g.ReduceMax(copyOf(value), { keepdims: 0 }), widen);
      }
    },
  });
  return ends;
}

const diverged = ({ name }: Value): EspalierError =>
  new EspalierError('diverged', 'a calibration image makes it infinite or NaN', { where: name });

/** Replaces minimum and maximum by percentiles. */
async function narrow(
  graph: Graph,
  ends: Map<Value, ActivationRange>,
  { context, percentile }: { readonly context: ProbeContext; readonly percentile: number },
): Promise<void> {
  const histograms = [...ends].map(([value, range]) => ({ value, histogram: emptyHistogram(range) }));
  await probe(graph, context, {
    images: imagesAtOnce([...ends.keys()], context.calibration.batch),
    append({ g, copyOf, watch }) {
      // An input cannot be an output, and names of the network's outputs are in use.
      for (const { value, histogram } of histograms)
        watch(g.Identity(copyOf(value)), (map) => countElements(histogram, float32Data(map)));
    },
  });
  for (const { value, histogram } of histograms) ends.set(value, percentileRange(histogram, percentile));
}

/** The largest divisor of the batch size for which all activations fit into memory. */
function imagesAtOnce(values: readonly Value[], batch: number): number {
  const elements = values.reduce((sum, { shape }) => sum + perImage(shape?.slice(1) ?? []), 0);
  let images = batch;
  while (images > 1 && (batch % images !== 0 || !(images * elements * 4 <= MOST_BYTES))) images--;
  return images;
}

/** NaN if the network leaves a size open. */
const perImage = (dims: readonly unknown[]): number => elementCount(dims.map(Number));
