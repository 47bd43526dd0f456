/**
 * Measures our training step: forward, backward, SGD with momentum and weight decay, on one batch of random images.
 * Its argument is an {@link OurWorkload} as JSON; prints a {@link Measurement} as JSON.
 */
import { median } from '../../src/numeric/statistics.ts';
import { chooseExecutor, type ExecutorName } from '../../src/runtime/choose.ts';
import type { Measurement, OurWorkload } from './measurement.ts';
import { WARM_UP_STEPS } from './options.ts';
import { openOwnStep } from './own-step.ts';

async function measure(workload: OurWorkload): Promise<Measurement> {
  const times = await stepSeconds(workload);
  const sorted = times.slice(WARM_UP_STEPS).sort((a, b) => a - b);
  const fastest = sorted.slice(0, Math.max(1, Math.floor(sorted.length / 3)));
  const seconds = fastest.reduce((sum, time) => sum + time, 0);
  return {
    imagesPerSecond: (workload.batch * fastest.length) / seconds,
    medianImagesPerSecond: workload.batch / median(sorted),
    peakBytes: 1024 * process.resourceUsage().maxRSS,
  };
}

async function stepSeconds({ steps, executor, ...work }: OurWorkload): Promise<number[]> {
  const own = await openOwnStep(work, (await chooseExecutor(executor as ExecutorName)).executor);
  const times: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const start = performance.now();
    await own.run(step);
    times.push((performance.now() - start) / 1000);
  }
  await own.close();
  return times;
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]!) as OurWorkload)));
