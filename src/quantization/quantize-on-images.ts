import type { DataSet } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import type { Graph } from '../graph/graph.ts';
import { networkOnImages } from '../measure/network-on-images.ts';
import { formsOf, type NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { type ComparisonOptions, calibrationOn, compareInt8, type Int8Comparison } from './compare.ts';
import { quantizationDefaults as defaults } from './defaults.ts';
import { type Quantized, type QuantizeOptions, quantizeCalibrated } from './quantize.ts';

/** Options of {@link quantize}. */
export interface QuantizationOptions
  extends QuantizeOptions,
    Partial<Omit<ComparisonOptions, 'data' | 'preprocessing' | 'executor'>> {
  /** Training images to calibrate with, test images to compare on. Classes are used where there are any. */
  readonly data: DataSet;
  /** Default: what is stored with the network. */
  readonly preprocessing?: Preprocessing;
  /** Images to calibrate with, and to compare outputs on. Default 300. */
  readonly images?: number;
  /** The output with class scores; default: found by its shape and the classes of the data. */
  readonly logits?: string | undefined;
  /** Default: onnxruntime. */
  readonly executor?: Executor;
  /** Told of inputs beside the image, of labels that are not used, and before calibration. */
  onNote?(line: string): void;
}

/** A network of 8-bit integers, beside itself in float. */
export interface QuantizedNetwork extends Quantized, Int8Comparison {
  readonly calibrationImages: number;
}

/**
 * Quantises a network to 8-bit integers (QDQ) with ranges seen on training images, and compares it with the network given: on
 * test images, and by the clock. Inputs and outputs keep their types. Throws as {@link quantizeCalibrated} does.
 *
 * @example
 * const { graph, accuracy } = await quantize(network, { data: await openDataSet('cifar10') });
 */
export async function quantize(
  network: Graph | NetworkForms,
  options: QuantizationOptions,
): Promise<QuantizedNetwork> {
  const { executor = await defaultExecutor(), onNote } = options;
  const { images = defaults.images, seed = defaults.seed } = options;
  const { seconds = defaults.seconds, threads = defaults.threads } = options;
  const { graph: given, form } = await formsOf(network, executor);
  const { network: before, data, preprocessing } = networkOnImages(given, options);
  const calibration = await calibrationOn(data.train, { preprocessing, seed, images });
  const calibrationImages = calibration.batch * calibration.batches.length;
  onNote?.(`calibrating on ${calibrationImages} images`);
  const context = { calibration, executor };
  const { graph, ...quantized } = await quantizeCalibrated(before, context, options);
  const comparing = { ...options, data, preprocessing, executor, images, seed, seconds, threads };
  const comparison = await compareInt8([before, graph], comparing);
  return { ...quantized, ...comparison, calibrationImages, graph: form.restoreSignature(graph) };
}
