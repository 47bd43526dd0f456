import type { Graph } from '../../graph/graph.ts';
import { resolvePreprocessing } from '../../measure/resolve-preprocessing.ts';
import { formatBytes, formatPercent } from '../../numeric/quantities.ts';
import type { OutputAgreement } from '../../quantization/agreement.ts';
import { quantizationDefaults } from '../../quantization/defaults.ts';
import type { QuantizedLayer } from '../../quantization/quantize.ts';
import { quantize } from '../../quantization/quantize-on-images.ts';
import type { Int8Report } from '../../report/deployed-network.ts';
import { latencyChange, latencyMeasures } from '../../report/latency.ts';
import { agreementText } from '../../report/output-agreement.ts';
import { type Context, countingBar } from '../command.ts';
import { openData } from '../data-flags.ts';
import type { LoadedModel } from '../model.ts';
import { percentileOf, type QuantizeSettings } from './quantize-flags.ts';

/** The input of quantisation. */
interface QuantizeJob {
  /** The network with the element types of its file, in which preprocessing may be stored. */
  readonly model: LoadedModel;
  readonly settings: QuantizeSettings;
  /** Duration of the latency measurement. */
  readonly seconds: number;
  readonly threads: number;
}

/** A network to write, with its report. */
interface QuantizedResult {
  readonly graph: Graph;
  readonly int8: Int8Report;
  readonly lines: readonly string[];
}

/** Quantises a network on training images, and compares accuracy and latency on test images. */
export async function quantizeModel(job: QuantizeJob, context: Context): Promise<QuantizedResult> {
  const { model, settings, seconds, threads } = job;
  const { limit: images = quantizationDefaults.images, data: name = '', calibration, reduceRange } = settings;
  const preprocessing = resolvePreprocessing(model, settings);
  const wanted = { ...settings, limit: images, purpose: 'calibrate', unlabelled: true } as const;
  const { graph, ...int8 } = await quantize(model, {
    ...settings,
    ...{ preprocessing, images, seconds, threads, signal: context.signal },
    data: await openData(name, preprocessing, wanted),
    calibration: calibration === 'minmax' ? calibration : { percentile: percentileOf(calibration) },
    weightBits: reduceRange ? 7 : 8,
    onNote: (line) => context.note(line),
    onEvaluated: countingBar(context, 'evaluating', 'images'),
  });
  const warning = int8.latency.models[1]?.warning;
  if (warning) context.warn(`int8: ${warning}`);
  return { graph, int8, lines: describe(int8) };
}

/** The result in words, one line each. */
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
    ...leftAlone.map(({ where, reason }) => `left alone  ${where}: ${reason}`),
  ];
}

const outputText = (output: OutputAgreement, images: number): string =>
  [agreementText(output, images), ...(output.sqnrDb === null ? [] : [decibels(output.sqnrDb)])].join(', ');

const noiseOf = ({ name, sqnrDb }: QuantizedLayer): string => `${name} ${decibels(sqnrDb)}`;

const decibels = (ratio: number): string => (Number.isFinite(ratio) ? `${ratio.toFixed(1)} dB` : 'no noise');
