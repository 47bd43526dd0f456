import type { DataSet, ImageSource } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import type { Graph } from '../graph/graph.ts';
import type { Evaluation } from '../measure/accuracy.ts';
import type { Benchmark } from '../measure/latency.ts';
import type { Calibration } from '../pruning/calibration.ts';
import type { Agreement } from '../quantization/agreement.ts';
import type { CalibrationMethod } from '../quantization/observe-ranges.ts';
import type { Quantized, QuantizedLayer } from '../quantization/quantize.ts';
import { formatBytes, formatMs, formatPercent, formatRatio } from '../report/quantities.ts';
import type { Context } from './command.ts';
import { openData } from './data-flags.ts';
import { engine } from './engine.ts';

/** What the flags of quantisation and data say. */
export interface QuantizeSettings {
  readonly data?: string;
  readonly preprocessing: Preprocessing;
  readonly labels?: string;
  /** Calibration images; default 300. */
  readonly limit?: number;
  readonly seed: number;
  readonly calibration: CalibrationMethod;
  readonly floatLayers?: readonly string[];
  readonly reduceRange: boolean;
}

/** A network in 8 bits, beside itself in float. */
export interface QuantizedDeployment extends Quantized, Comparison {
  readonly calibrationImages: number;
}

interface Comparison {
  /** One image on one thread, float first. */
  readonly latency: Benchmark;
  /** On test images; null where those have no classes. */
  readonly accuracy: { readonly float: Evaluation; readonly int8: Evaluation } | null;
  /** On as many test images as were calibrated with. */
  readonly agreement: Agreement;
  readonly bytes: { readonly float: number; readonly int8: number };
}

const IMAGES = 300;
const LARGEST_BATCH = 64;

/** Quantises a network on training images, and compares both on test images and by the clock. */
export async function quantizeDeployed(
  graph: Graph,
  settings: QuantizeSettings,
  context: Context,
): Promise<QuantizedDeployment> {
  const { quantize } = await import('../quantization/quantize.ts');
  const executor = await engine();
  const data = await openImages(settings);
  const calibration = await calibrationOn(data.train, settings);
  const { calibration: method, floatLayers, reduceRange } = settings;
  const options = { calibration: method, floatLayers, weightBits: reduceRange ? 7 : 8 } as const;
  const calibrationImages = calibration.batch * calibration.batches.length;
  context.note(`calibrating on ${calibrationImages} images`);
  const quantized = await quantize(graph, { calibration, executor }, options);
  const comparing = { before: graph, after: quantized.graph, data, settings };
  return { ...quantized, ...(await compare(comparing, context)), calibrationImages };
}

async function openImages({ data, preprocessing, labels, seed, limit = IMAGES }: QuantizeSettings) {
  const { requireCalibration } = await import('../pruning/observe.ts');
  if (data === undefined) requireCalibration(null, '--int8');
  const options = { labels, seed, limit, purpose: 'calibrate', unlabelled: true } as const;
  return openData(data!, preprocessing, options);
}

/** All images of a source, or nearly: in whole batches. */
async function calibrationOn(
  source: ImageSource,
  { preprocessing, seed, limit = IMAGES }: QuantizeSettings,
): Promise<Calibration> {
  const { openCalibration } = await import('../pruning/calibration.ts');
  const images = Math.min(limit, source.count);
  const batch = Math.ceil(images / Math.ceil(images / LARGEST_BATCH));
  return openCalibration(source, { preprocessing, images, batch, seed });
}

interface Comparing {
  readonly before: Graph;
  readonly after: Graph;
  readonly data: DataSet;
  readonly settings: QuantizeSettings;
}

async function compare(comparing: Comparing, context: Context): Promise<Comparison> {
  const { before, after, data, settings } = comparing;
  const { compareOutputs } = await import('../quantization/agreement.ts');
  const { benchmark } = await import('../measure/latency.ts');
  const { serializeModel } = await import('../onnx/index.ts');
  const executor = await engine();
  const files = [serializeModel(before), serializeModel(after)] as const;
  const calibration = await calibrationOn(data.test, settings);
  const { height: size } = settings.preprocessing;
  return {
    accuracy: data.test.classes.length > 0 ? await accuracies(comparing, context) : null,
    agreement: await compareOutputs(before, after, { calibration, executor }),
    latency: await benchmark(files, { size, signal: context.signal }),
    bytes: { float: files[0].length, int8: files[1].length },
  };
}

async function accuracies({ before, after, data, settings }: Comparing, context: Context) {
  const { evaluate } = await import('../measure/accuracy.ts');
  const executor = await engine();
  const { preprocessing } = settings;
  const bar = context.progress('evaluating', 2 * data.test.count, 'images');
  const evaluated = async (graph: Graph, before: number) => {
    const progress = (done: number) => bar.to(before + done);
    return evaluate(graph, data.test, { executor, preprocessing, progress, signal: context.signal });
  };
  const float = await evaluated(before, 0);
  const int8 = await evaluated(after, data.test.count);
  bar.done();
  return { float, int8 };
}

/** What came of it, a line each. */
export function quantizationLines(deployment: QuantizedDeployment): string[] {
  const { layers, leftAlone, accuracy, agreement, latency, bytes, calibrationImages } = deployment;
  const [float, int8] = latency.models;
  const worst = [...layers].sort((a, b) => a.sqnrDb - b.sqnrDb).slice(0, 3);
  const same = `same class for ${formatPercent(agreement.sameClass, 1)} of ${agreement.images} images`;
  return [
    `int8        ${layers.length} layers, calibrated on ${calibrationImages} images`,
    ...(accuracy
      ? [`top-1       ${formatPercent(accuracy.float.top1)} → ${formatPercent(accuracy.int8.top1)}`]
      : []),
    `outputs     ${same}, ${decibels(agreement.sqnrDb)}`,
    `latency     ${formatMs(float!.medianMs)} → ${formatMs(int8!.medianMs)} (${formatRatio(int8!.ratio)})`,
    `size        ${formatBytes(bytes.float)} → ${formatBytes(bytes.int8)}`,
    `most noise  ${worst.map(noiseOf).join(', ')}`,
    ...leftAlone.map(({ name, reason }) => `left alone  ${name}: ${reason}`),
  ];
}

const noiseOf = ({ name, sqnrDb }: QuantizedLayer): string => `${name} ${decibels(sqnrDb)}`;

const decibels = (ratio: number): string => (Number.isFinite(ratio) ? `${ratio.toFixed(1)} dB` : 'no noise');
