import { type Html, html } from '../html.ts';
import { lineChart, type Series } from '../line-chart.ts';
import { formatPercent, significant } from '../quantities.ts';
import type { EpochPoint, RunRecord } from '../run-record.ts';

/** Loss, accuracy and the kept part of the MACs over the epochs. */
export function curves({ epochs, result }: RunRecord): Html | null {
  if (epochs.length === 0) return null;
  const accuracy = [
    series(epochs, 'training images', { tone: 'earth', value: (epoch) => epoch.trainAccuracy }),
    series(epochs, 'test images', { tone: 'leaf', value: (epoch) => epoch.testAccuracy }),
  ].flat();
  const loss = [
    series(epochs, 'training images', { tone: 'earth', value: (epoch) => epoch.loss }),
    series(epochs, 'test images', { tone: 'leaf', value: (epoch) => epoch.testLoss }),
  ].flat();
  const kept = series(epochs, 'kept', { tone: 'sky', value: (epoch) => epoch.macsKept });
  const top1 = result?.before.top1;
  const reference = typeof top1 === 'number' ? { name: 'before', y: top1 } : undefined;
  const percentages = { xLabel: 'epoch', format: percent, formatTick: percentTick };
  return html`<section><h2>Epoch by epoch</h2><div class="charts">
${accuracy.length > 0 && lineChart({ ...percentages, title: 'Accuracy', series: accuracy, reference })}
${lineChart({ title: 'Loss', series: loss, xLabel: 'epoch', format: (y) => significant(y), formatTick: String })}
${kept.length > 0 && lineChart({ ...percentages, title: 'MACs kept', series: kept, include: [0, 1] })}
</div></section>`;
}

const percent = (y: number): string => formatPercent(y, 1);
const percentTick = (y: number): string => `${Number((100 * y).toPrecision(6))} %`;

interface Picked {
  readonly tone: Series['tone'];
  readonly value: (epoch: EpochPoint) => number | null | undefined;
}

/** None where no epoch has the value. */
function series(epochs: readonly EpochPoint[], name: string, { tone, value }: Picked): Series[] {
  const points = epochs.flatMap((epoch): [number, number][] => {
    const y = value(epoch);
    return typeof y === 'number' ? [[epoch.epoch, y]] : [];
  });
  return points.length > 0 ? [{ name, tone, points }] : [];
}
