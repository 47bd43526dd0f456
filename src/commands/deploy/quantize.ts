import type { Calibration } from '../../calibration/calibration.ts';
import type { DataSet, ImageSource } from '../../data/image-source.ts';
import type { Preprocessing } from '../../data/preprocessing.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Evaluation } from '../../measure/accuracy.ts';
import type { Benchmark } from '../../measure/latency.ts';
import type { Agreement, OutputAgreement } from '../../quantization/agreement.ts';
import type { Quantized, QuantizedLayer, QuantizeOptions } from '../../quantization/quantize.ts';
import { latencyChange, latencyMeasures } from '../../report/latency.ts';
import { agreementText, formatBytes, formatPercent } from '../../report/quantities.ts';
import { defaultExecutor } from '../../runtime/default-executor.ts';
import type { Context } from '../command.ts';
import { openData } from '../data-flags.ts';
import { withOthersNoted } from '../input-flags.ts';
import type { LoadedModel } from '../model.ts';
import { resolvePreprocessing } from '../preprocessing.ts';
import { percentileOf, type QuantizeSettings } from './quantize-flags.ts';

/** What became of a network in 8 bits, beside itself in float. */
export interface Int8Report extends Omit<Quantized, 'graph'>, Comparison {
  readonly calibrationImages: number;
}

interface Comparison {
  /** Of one image, float first. */
  readonly latency: Benchmark;
  /** On test images; null where those have no classes. */
  readonly accuracy: { readonly float: Evaluation; readonly int8: Evaluation } | null;
  /** On as many test images as were calibrated with. */
  readonly agreement: Agreement;
  readonly bytes: { readonly float: number; readonly int8: number };
}

const IMAGES = 300;
const LARGEST_BATCH = 64;

/** Who asks, and how. */
interface QuantizeJob {
  /** Where preprocessing may be stored; the network itself comes beside it. */
  readonly model: Pick<LoadedModel, 'graph' | 'name' | 'zooPreprocessing'>;
  readonly settings: QuantizeSettings;
  /** Time to measure both in. */
  readonly seconds: number;
  readonly threads: number;
}

/** A network to write, and what there is to say of it. */
interface Written {
  readonly graph: Graph;
  /** null where the network stays in float. */
  readonly int8: Int8Report | null;
  readonly lines: readonly string[];
}

/** The network as it is, or in 8 bits with --int8. */
export async function quantizeIfAsked(graph: Graph, job: QuantizeJob, context: Context): Promise<Written> {
  return job.settings.int8 ? quantizeDeployed(graph, job, context) : { graph, int8: null, lines: [] };
}

/** Quantises a network on training images, and compares both on test images and by the clock. */
async function quantizeDeployed(
  graph: Graph,
  { model, settings, ...timing }: QuantizeJob,
  context: Context,
): Promise<Written> {
  const { quantize } = await import('../../quantization/quantize.ts');
  const executor = await defaultExecutor();
  const preprocessing = await resolvePreprocessing(model, settings);
  const { limit = IMAGES, data: name = '' } = settings;
  const options = { ...settings, limit, purpose: 'calibrate', unlabelled: true } as const;
  const { withLabelsIfUsed } = await import('../outputs.ts');
  const found = await openData(name, preprocessing, options);
  const { network: before, data } = await withLabelsIfUsed(
    await withOthersNoted(graph, preprocessing, context),
    { data: found, logits: settings.logits },
    context,
  );
  const images = { data, preprocessing, seed: settings.seed, limit };
  const calibration = await calibrationOn(data.train, images);
  const calibrationImages = calibration.batch * calibration.batches.length;
  context.note(`calibrating on ${calibrationImages} images`);
  const quantized = await quantize(before, { calibration, executor }, optionsOf(settings));
  const { graph: after, ...layers } = quantized;
  const { outputs } = settings;
  const comparison = await compare({ before, after, images, timing, outputs }, context);
  const int8 = { ...layers, ...comparison, calibrationImages };
  const warning = int8.latency.models[1]?.warning;
  if (warning) context.warn(`int8: ${warning}`);
  return { graph: after, int8, lines: describe(int8) };
}

const optionsOf = ({ calibration, floatLayers, reduceRange }: QuantizeSettings): QuantizeOptions => ({
  calibration: calibration === 'minmax' ? calibration : { percentile: percentileOf(calibration) },
  floatLayers,
  weightBits: reduceRange ? 7 : 8,
});

interface Images {
  readonly data: DataSet;
  readonly preprocessing: Preprocessing;
  readonly seed: number;
  readonly limit: number;
}

/** All images of a source, or nearly: in whole batches. */
async function calibrationOn(
  source: ImageSource,
  { preprocessing, seed, limit }: Images,
): Promise<Calibration> {
  const { openCalibration } = await import('../../calibration/calibration.ts');
  const images = Math.min(limit, source.count);
  const batch = Math.ceil(images / Math.ceil(images / LARGEST_BATCH));
  return openCalibration(source, { preprocessing, images, batch, seed });
}

interface Comparing {
  readonly before: Graph;
  readonly after: Graph;
  readonly images: Images;
  readonly timing: Pick<QuantizeJob, 'seconds' | 'threads'>;
  /** Those that count. */
  readonly outputs: readonly string[] | undefined;
}

async function compare(comparing: Comparing, context: Context): Promise<Comparison> {
  const { before, after, images, timing, outputs } = comparing;
  const { compareOutputs } = await import('../../quantization/agreement.ts');
  const { benchmark } = await import('../../measure/latency.ts');
  const { serializeModel } = await import('../../onnx/index.ts');
  const { inputFeedsOf } = await import('../../graph/inputs/input-feeds.ts');
  const files = [serializeModel(before), serializeModel(after)] as const;
  const calibration = await calibrationOn(images.data.test, images);
  const { height, width } = images.preprocessing;
  const size = { height, width };
  return {
    accuracy: images.data.test.classes.length > 0 ? await accuracies(comparing, context) : null,
    agreement: await compareOutputs(before, after, {
      calibration,
      executor: await defaultExecutor(),
      outputs,
    }),
    latency: await benchmark(files, {
      size,
      inputs: inputFeedsOf(before),
      ...timing,
      signal: context.signal,
    }),
    bytes: { float: files[0].length, int8: files[1].length },
  };
}

async function accuracies({ before, after, images: { data, preprocessing } }: Comparing, context: Context) {
  const { evaluate } = await import('../../measure/accuracy.ts');
  const executor = await defaultExecutor();
  const { signal } = context;
  const bar = context.progress('evaluating', 2 * data.test.count, 'images');
  const evaluated = (graph: Graph, earlier: number) => {
    const progress = (done: number) => bar.to(earlier + done);
    return evaluate(graph, data.test, { executor, preprocessing, progress, signal });
  };
  const float = await evaluated(before, 0);
  const int8 = await evaluated(after, data.test.count);
  bar.done();
  return { float, int8 };
}

/** What came of it, a line each. */
function describe(report: Int8Report): string[] {
  const { layers, leftAlone, accuracy, agreement, latency, bytes, calibrationImages } = report;
  const [float, int8] = latency.models;
  const worst = [...layers].sort((a, b) => a.sqnrDb - b.sqnrDb).slice(0, 3);
  return [
    `int8        ${layers.length} layers, calibrated on ${calibrationImages} images`,
    ...(accuracy
      ? [`top-1       ${formatPercent(accuracy.float.top1)} → ${formatPercent(accuracy.int8.top1)}`]
      : []),
    ...agreement.outputs.map((output) => `output      ${outputText(output, agreement.images)}`),
    `latency     ${latencyChange(latencyMeasures(float!), latencyMeasures(int8!))}`,
    `size        ${formatBytes(bytes.float)} → ${formatBytes(bytes.int8)}`,
    `most noise  ${worst.map(noiseOf).join(', ')}`,
    ...leftAlone.map(({ name, reason }) => `left alone  ${name}: ${reason}`),
  ];
}

const outputText = (output: OutputAgreement, images: number): string =>
  [agreementText(output, images), ...(output.sqnrDb === null ? [] : [decibels(output.sqnrDb)])].join(', ');

const noiseOf = ({ name, sqnrDb }: QuantizedLayer): string => `${name} ${decibels(sqnrDb)}`;

const decibels = (ratio: number): string => (Number.isFinite(ratio) ? `${ratio.toFixed(1)} dB` : 'no noise');
