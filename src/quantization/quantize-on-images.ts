import { calibrationOn } from '../calibration/calibration.ts';
import type { DataSet } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import type { Graph } from '../graph/graph.ts';
import { networkOnImages } from '../measure/network-on-images.ts';
import { expectOptions, type OptionSchemas, positive, wholeNumber } from '../option-schemas.ts';
import { formsOf, type NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { type ComparisonOptions, compareInt8, type Int8Comparison } from './compare.ts';
import { quantizationDefaults as defaults } from './defaults.ts';
import { type Quantized, type QuantizeOptions, quantizeCalibrated } from './quantize.ts';

/** Options of {@link quantize}. */
export interface QuantizationOptions
  extends QuantizeOptions,
    Partial<Omit<ComparisonOptions, 'data' | 'preprocessing' | 'executor'>> {
  /** Training images are used for calibration, test images for the comparison. Classes are used if there are any. */
  readonly data: DataSet;
  /** Default: the preprocessing stored with the network. */
  readonly preprocessing?: Preprocessing;
  /** Number of images for calibration, and for comparing outputs. Default 300. */
  readonly images?: number;
  /** The name of the output with class scores; default: found by its shape and the number of classes. */
  readonly logits?: string | undefined;
  /** Default: onnxruntime. */
  readonly executor?: Executor;
  /** Called with a line about inputs other than the image, about ignored labels, and before calibration. */
  onNote?(line: string): void;
}

const schemas: OptionSchemas<QuantizationOptions> = {
  images: wholeNumber(),
  seed: wholeNumber(0),
  seconds: positive,
  threads: wholeNumber(),
};

/** An 8-bit network, compared with its floating-point form. */
export interface QuantizedNetwork extends Quantized, Int8Comparison {
  readonly calibrationImages: number;
}

/**
 * Quantises a network to 8-bit integers (QDQ) with ranges observed on training images, and compares accuracy and latency with
 * the given network on test images. Inputs and outputs keep their types. Throws `usage` if an option is invalid, and the errors of {@link quantizeCalibrated}.
 *
 * @example
 * const { graph, accuracy } = await quantize(network, { data: await openDataSet('cifar10') });
 */
export async function quantize(
  network: Graph | NetworkForms,
  options: QuantizationOptions,
): Promise<QuantizedNetwork> {
  expectOptions(schemas, options);
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
