import type { Chart, EmptyChart, SeriesTone } from '../charts/chart.ts';
import { type LineSeries, lineChart } from '../charts/lines.ts';
import { countAxis, msAxis, percentAxis, plainAxis } from './axes.ts';
import type { EpochPoint, RunRecord } from './run-record.ts';

/** By epoch: loss, accuracy, kept fraction of the MACs, fraction of scales near zero, and time if the network was shrunk. */
export function epochCharts({
  epochs,
  result,
}: Pick<RunRecord, 'epochs' | 'result'>): (Chart | EmptyChart)[] {
  const top1 = result?.before.top1;
  const reference = typeof top1 === 'number' ? { name: 'before', y: top1 } : undefined;
  return curves(epochs)
    .filter(({ series }) => series.length > 0)
    .map((chart) =>
      lineChart({ x: countAxis('epoch'), ...chart, ...(chart.title === ACCURACY && { reference }) }),
    );
}

const ACCURACY = 'Accuracy';

/** A line has the same colour in all charts. */
const tones: Readonly<Record<string, SeriesTone>> = {
  'test images': 1,
  'training images': 2,
  'averaged weights': 3,
};

/** The charts in reading order; those of values that no epoch has are without series. */
function curves(epochs: readonly EpochPoint[]) {
  const lines = (values: Readonly<Record<string, EpochValue>>): LineSeries[] =>
    Object.entries(values).flatMap(([name, value]) => {
      const points = pointsOf(epochs, value);
      return points.length > 0 ? [{ name, points, tone: tones[name] }] : [];
    });
  const shrank = hasShrunk(epochs);
  return [
    {
      title: ACCURACY,
      y: percentAxis('top-1 accuracy'),
      series: lines({
        'test images': (epoch) => epoch.testAccuracy,
        'training images': (epoch) => epoch.trainAccuracy,
        'averaged weights': ({ averaged }) => averaged?.testAccuracy,
      }),
    },
    {
      title: 'Loss',
      y: plainAxis('loss'),
      series: lines({
        'test images': (epoch) => epoch.testLoss,
        'training images': (epoch) => epoch.loss,
      }),
    },
    {
      title: "Output error beside the teacher's",
      y: percentAxis('output error', [0]),
      series: lines({
        'test images': (epoch) => epoch.outputError,
        'averaged weights': ({ averaged }) => averaged?.outputError,
      }),
    },
    {
      title: 'Same class as the teacher',
      y: percentAxis('images'),
      series: lines({ 'test images': (epoch) => epoch.agreement }),
    },
    {
      title: 'MACs kept',
      y: percentAxis('MACs', [0, 1]),
      series: lines({
        kept: (epoch) => epoch.macsKept,
        ...(shrank && { 'in training': (epoch: EpochPoint) => epoch.macsRunning }),
      }),
    },
    {
      title: 'BatchNormalization scales near zero',
      y: percentAxis('scales', [0]),
      series: lines({ 'of all': (epoch) => epoch.smallScales }),
    },
    {
      // Time per image, since an epoch that was interrupted and resumed has no time of its own.
      title: 'Training time',
      y: msAxis('time per image'),
      series: shrank
        ? lines({ 'per image': ({ imagesPerSecond }) => (imagesPerSecond ? 1000 / imagesPerSecond : null) })
        : [],
    },
  ];
}

/** Whether filters were removed from the network during training. */
const hasShrunk = (epochs: readonly EpochPoint[]): boolean =>
  epochs.some(({ macsRunning }) => typeof macsRunning === 'number' && macsRunning < 1);

type EpochValue = (epoch: EpochPoint) => number | null | undefined;

/** The values of the epochs that have one. */
const pointsOf = (epochs: readonly EpochPoint[], value: EpochValue): LineSeries['points'] =>
  epochs.flatMap((epoch): [number, number][] => {
    const y = value(epoch);
    return typeof y === 'number' ? [[epoch.epoch, y]] : [];
  });
