import { formatDuration, formatPercent } from '../../numeric/quantities.ts';
import type { EpochResult, TrainOptions } from '../../training/options.ts';
import type { Context, ProgressBar } from '../command.ts';

/** Shows a bar for each epoch, and a line when it is finished. */
export function watchTraining(context: Context, epochs: number): Pick<TrainOptions, 'onStep' | 'onEpoch'> {
  let bar: ProgressBar | null = null;
  return {
    onStep({ epoch, images, ofImages, loss }) {
      bar ??= context.progress(`epoch ${epoch}/${epochs}`, ofImages, 'images');
      bar.to(images, `loss ${loss.toFixed(3)}`);
    },
    onEpoch(result) {
      bar?.done();
      bar = null;
      context.note(epochLine(result, epochs));
    },
  };
}

function epochLine(result: EpochResult, epochs: number): string {
  const { epoch, loss, trainAccuracy, testAccuracy, averaged, seconds, metrics } = result;
  return [
    `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`,
    `loss ${loss.toFixed(3)}`,
    trainAccuracy === undefined ? '' : `train ${formatPercent(trainAccuracy)}`,
    testAccuracy === undefined ? '' : `test ${formatPercent(testAccuracy)}`,
    averaged?.testAccuracy === undefined ? '' : `averaged ${formatPercent(averaged.testAccuracy)}`,
    metrics.outputError === undefined ? '' : `output error ${formatPercent(metrics.outputError)}`,
    metrics.macsKept === undefined ? '' : `MACs kept ${formatPercent(metrics.macsKept, 1)}`,
    metrics.smallScales === undefined ? '' : `small scales ${formatPercent(metrics.smallScales, 1)}`,
    formatDuration(seconds),
  ]
    .filter((part) => part !== '')
    .join('  ');
}
