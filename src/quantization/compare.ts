import { type Calibration, openCalibration } from '../calibration/calibration.ts';
import type { DataSet, ImageSource } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import type { Graph } from '../graph/graph.ts';
import { inputFeedsOf } from '../graph/inputs/input-feeds.ts';
import { type Evaluation, evaluate } from '../measure/accuracy.ts';
import { type Benchmark, benchmark } from '../measure/latency.ts';
import { serializeModel } from '../onnx/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type Agreement, compareOutputs } from './agreement.ts';

/** A network in 8 bits beside itself in float. */
export interface Int8Comparison {
  /** Of one image, float first. */
  readonly latency: Benchmark;
  /** On test images; null where those have no classes. */
  readonly accuracy: { readonly float: Evaluation; readonly int8: Evaluation } | null;
  /** On as many test images as were calibrated with. */
  readonly agreement: Agreement;
  readonly bytes: { readonly float: number; readonly int8: number };
}

/** Options of `compareInt8`. */
export interface ComparisonOptions {
  readonly data: DataSet;
  readonly preprocessing: Preprocessing;
  readonly executor: Executor;
  /** Images to compare outputs on. */
  readonly images: number;
  readonly seed: number;
  /** Time to measure both in. */
  readonly seconds: number;
  readonly threads: number;
  /** Globs of the outputs that are compared; default: all. */
  readonly outputs?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Images evaluated so far, in both networks together. */
  onEvaluated?(images: number, of: number): void;
}

/** Compares two networks on test images and by the clock. */
export async function compareInt8(
  [before, after]: readonly [float: Graph, int8: Graph],
  options: ComparisonOptions,
): Promise<Int8Comparison> {
  const { data, preprocessing, executor, outputs, seconds, threads, signal } = options;
  const files = [serializeModel(before), serializeModel(after)] as const;
  const calibration = await calibrationOn(data.test, options);
  const { height, width } = preprocessing;
  const inputs = inputFeedsOf(before);
  return {
    accuracy: data.test.classes.length > 0 ? await accuracies([before, after], options) : null,
    agreement: await compareOutputs(before, after, { calibration, executor, outputs }),
    latency: await benchmark(files, {
      ...{ size: { height, width }, inputs, seconds, threads },
      ...(signal && { signal }),
    }),
    bytes: { float: files[0].length, int8: files[1].length },
  };
}

const LARGEST_BATCH = 64;

/** All images of a source, or nearly: in whole batches. */
export function calibrationOn(
  source: ImageSource,
  { preprocessing, seed, images: most }: Pick<ComparisonOptions, 'preprocessing' | 'seed' | 'images'>,
): Promise<Calibration> {
  const images = Math.min(most, source.count);
  const batch = Math.ceil(images / Math.ceil(images / LARGEST_BATCH));
  return openCalibration(source, { preprocessing, images, batch, seed });
}

async function accuracies([before, after]: readonly [Graph, Graph], options: ComparisonOptions) {
  const { data, executor, preprocessing, signal, onEvaluated } = options;
  const { count } = data.test;
  const evaluated = (graph: Graph, earlier: number) => {
    const progress = (done: number) => onEvaluated?.(earlier + done, 2 * count);
    return evaluate(graph, data.test, { executor, preprocessing, progress, ...(signal && { signal }) });
  };
  return { float: await evaluated(before, 0), int8: await evaluated(after, count) };
}
