import type { JobSource } from '../../grafting/member-job.ts';
import type { RoundTimes } from '../../grafting/ring.ts';
import { formatDuration } from '../../numeric/quantities.ts';
import type { StepProgress } from '../../training/options.ts';
import type { Context } from '../command.ts';
import { dataPlace } from '../data-flags.ts';
import type { TrainingFlags } from './flags.ts';
import type { Settings } from './recipe.ts';

/** How other processes and machines open the images of a run. */
export async function jobSource(settings: Settings<TrainingFlags>): Promise<JobSource> {
  const { limit, testLimit, labels, executor } = settings;
  return { name: await dataPlace(settings.data), limit, testLimit, labels, executor };
}

/** Shows one progress bar for all networks of an epoch. */
export function watchRing(context: Context, { epochs, networks }: { epochs: number; networks: number }) {
  let bar: ReturnType<Context['progress']> | null = null;
  const at = new Map<number, number>();
  return {
    done() {
      bar?.done();
      bar = null;
      at.clear();
    },
    step(member: number, { epoch, images, ofImages }: StepProgress) {
      bar ??= context.progress(`epoch ${epoch}/${epochs}`, ofImages * networks, 'images');
      at.set(member, images);
      bar.to([...at.values()].reduce((sum, count) => sum + count, 0));
    },
  };
}

/** `12 s = training 10 s + graft 0.5 s + waiting 1.5 s`. */
export const timesText = ({ seconds, training, graft, waiting }: RoundTimes, what = 'graft'): string =>
  `${formatDuration(seconds)} = training ${formatDuration(training)} + ${what} ${formatDuration(graft)} + waiting ${formatDuration(waiting)}`;
