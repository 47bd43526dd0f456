import { type Html, html } from '../html.ts';
import { lineChart, type Series } from '../line-chart.ts';
import { formatMs, formatPercent, significant } from '../quantities.ts';
import type { EpochPoint, RunRecord } from '../run-record.ts';

/** By epoch: loss, accuracy, kept fraction of the MACs, fraction of scales near zero, and time if the network was shrunk. */
export function curvesSection({ epochs, result }: RunRecord): Html | null {
  if (epochs.length === 0) return null;
  const accuracy = [
    series(epochs, 'training images', { tone: 'earth', value: (epoch) => epoch.trainAccuracy }),
    series(epochs, 'test images', { tone: 'leaf', value: (epoch) => epoch.testAccuracy }),
    series(epochs, 'averaged weights', { tone: 'sky', value: ({ averaged }) => averaged?.testAccuracy }),
  ].flat();
  const loss = [
    series(epochs, 'training images', { tone: 'earth', value: (epoch) => epoch.loss }),
    series(epochs, 'test images', { tone: 'leaf', value: (epoch) => epoch.testLoss }),
  ].flat();
  const kept = [
    series(epochs, 'kept', { tone: 'sky', value: (epoch) => epoch.macsKept }),
    hasShrunk(epochs) &&
      series(epochs, 'in training', { tone: 'earth', value: (epoch) => epoch.macsRunning }),
  ].flatMap((some) => some || []);
  const small = series(epochs, 'of all', { tone: 'sky', value: (epoch) => epoch.smallScales });
  const errors = [
    series(epochs, 'test images', { tone: 'leaf', value: (epoch) => epoch.outputError }),
    series(epochs, 'averaged weights', { tone: 'sky', value: ({ averaged }) => averaged?.outputError }),
  ].flat();
  const agreed = series(epochs, 'test images', { tone: 'leaf', value: (epoch) => epoch.agreement });
  const top1 = result?.before.top1;
  const reference = typeof top1 === 'number' ? { name: 'before', y: top1 } : undefined;
  const percentages = { xLabel: 'epoch', format: percent, formatTick: percentTick };
  return html`<section><h2>Epoch by epoch</h2><div class="charts">
${accuracy.length > 0 && lineChart({ ...percentages, title: 'Accuracy', series: accuracy, reference })}
${lineChart({ title: 'Loss', series: loss, xLabel: 'epoch', format: (y) => significant(y), formatTick: String })}
${errors.length > 0 && lineChart({ ...percentages, title: "Output error beside the teacher's", series: errors, include: [0] })}
${agreed.length > 0 && lineChart({ ...percentages, title: 'Same class as the teacher', series: agreed })}
${kept.length > 0 && lineChart({ ...percentages, title: 'MACs kept', series: kept, include: [0, 1] })}
${small.length > 0 && lineChart({ ...percentages, title: 'BatchNormalization scales near zero', series: small, include: [0] })}
${hasShrunk(epochs) && trainingTime(epochs)}
</div></section>`;
}

/** Whether filters were removed from the network during training. */
const hasShrunk = (epochs: readonly EpochPoint[]): boolean =>
  epochs.some(({ macsRunning }) => typeof macsRunning === 'number' && macsRunning < 1);

/** Time per image, since an epoch that was interrupted and resumed has no time of its own. */
function trainingTime(epochs: readonly EpochPoint[]): Html | null {
  const perImage = series(epochs, 'per image', {
    tone: 'leaf',
    value: ({ imagesPerSecond }) => (imagesPerSecond ? 1000 / imagesPerSecond : null),
  });
  if (perImage.length === 0) return null;
  const axes = { xLabel: 'epoch', format: formatMs, formatTick: (y: number) => `${y} ms`, include: [0] };
  return lineChart({ ...axes, title: 'Training time', series: perImage });
}

const percent = (y: number): string => formatPercent(y, 1);
const percentTick = (y: number): string => `${Number((100 * y).toPrecision(6))} %`;

interface CurveValue {
  readonly tone: Series['tone'];
  readonly value: (epoch: EpochPoint) => number | null | undefined;
}

/** The series of a value; empty if no epoch has it. */
function series(epochs: readonly EpochPoint[], name: string, { tone, value }: CurveValue): Series[] {
  const points = epochs.flatMap((epoch): [number, number][] => {
    const y = value(epoch);
    return typeof y === 'number' ? [[epoch.epoch, y]] : [];
  });
  return points.length > 0 ? [{ name, tone, points }] : [];
}
