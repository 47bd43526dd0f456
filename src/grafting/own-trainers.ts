import type { Trainers } from './engine.ts';
import type { RingTraining } from './member-job.ts';
import { trainJob } from './training-job.ts';

/** Trains in this process, one network after the other, on images that are already open. */
export const ownTrainers = ({
  data,
  executor,
  trainer = executor,
  augmentation,
}: RingTraining): Trainers => ({
  async run(jobs, { signal, onStep }) {
    const seconds: number[] = [];
    for (const [index, job] of jobs.entries()) {
      const started = performance.now();
      await trainJob(
        job,
        { data, executor, trainer, augmentation },
        { signal, onStep: (step) => onStep?.(index, step) },
      );
      seconds.push((performance.now() - started) / 1000);
    }
    return seconds;
  },
  async close() {},
});
