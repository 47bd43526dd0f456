import { calibrationOn } from '../calibration/calibration.ts';
import type { DataSet } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import type { Graph } from '../graph/graph.ts';
import { inputFeedsOf } from '../graph/inputs/input-feeds.ts';
import { type Evaluation, evaluate } from '../measure/accuracy.ts';
import { type Benchmark, benchmark } from '../measure/latency.ts';
import { serializeModel } from '../onnx/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type Agreement, compareOutputs } from './agreement.ts';

/** An 8-bit network compared with its floating-point form. */
export interface Int8Comparison {
  /** For one image; the floating-point network is first. */
  readonly latency: Benchmark;
  /** On test images; null if these have no classes. */
  readonly accuracy: { readonly float: Evaluation; readonly int8: Evaluation } | null;
  /** On as many test images as were used for calibration. */
  readonly agreement: Agreement;
  readonly bytes: { readonly float: number; readonly int8: number };
}

/** Options of comparing an 8-bit network with its floating-point form. */
export interface ComparisonOptions {
  readonly data: DataSet;
  readonly preprocessing: Preprocessing;
  readonly executor: Executor;
  /** Number of images for comparing outputs. */
  readonly images: number;
  readonly seed: number;
  /** Duration of the latency measurement. */
  readonly seconds: number;
  readonly threads: number;
  /** Globs of the outputs that are compared; default: all. */
  readonly outputs?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of images evaluated so far, over both networks. */
  onEvaluated?(images: number, of: number): void;
}

/** Compares accuracy, outputs and latency of two networks. */
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

async function accuracies([before, after]: readonly [Graph, Graph], options: ComparisonOptions) {
  const { data, executor, preprocessing, signal, onEvaluated } = options;
  const { count } = data.test;
  const evaluated = (graph: Graph, earlier: number) => {
    const progress = (done: number) => onEvaluated?.(earlier + done, 2 * count);
    return evaluate(graph, data.test, { executor, preprocessing, progress, ...(signal && { signal }) });
  };
  return { float: await evaluated(before, 0), int8: await evaluated(after, count) };
}
