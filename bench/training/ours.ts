/**
 * Measures our training step: forward, backward, SGD with momentum and weight decay, on one batch of random images.
 * Its argument is an {@link OurWorkload} as JSON; prints a {@link Measurement} as JSON.
 */
import { EspalierError } from '../../src/errors.ts';
import { staticShape } from '../../src/graph/graph.ts';
import { buildModel } from '../../src/models/index.ts';
import { random } from '../../src/numeric/random.ts';
import { randomTensor } from '../../src/numeric/random-tensor.ts';
import { median } from '../../src/numeric/statistics.ts';
import { bindDimensions } from '../../src/rewrite/index.ts';
import { chooseExecutor, type ExecutorName } from '../../src/runtime/choose.ts';
import { filterSkeleton } from '../../src/stripes/skeleton.ts';
import { classification } from '../../src/training/tasks/classification.ts';
import { openTrainingStep } from '../../src/training/training-step.ts';
import type { Measurement, OurWorkload } from './measurement.ts';
import { WARM_UP_STEPS } from './options.ts';

const CLASSES = 10;

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

async function stepSeconds({ network, batch, steps, threads, skeleton, executor }: OurWorkload) {
  const model = bindDimensions(buildModel(network), batch);
  const training = await openTrainingStep(model, {
    task: classification(),
    optimizer: 'sgd',
    momentum: 0.9,
    weightDecay: 1e-4,
    extensions: skeleton ? [filterSkeleton()] : [],
    executor: (await chooseExecutor(executor as ExecutorName)).executor,
    threads,
  });
  const shape = staticShape(model.inputs[0]!);
  const images = randomTensor({ name: 'images', dtype: 'float32', shape }, random(1)).data as Float32Array;
  const { integer } = random(2);
  const labels = BigInt64Array.from({ length: batch }, () => BigInt(integer(CLASSES)));
  const scalars = { learningRate: 0.1, alpha: 1e-5, threshold: 0.01 };
  const times: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const start = performance.now();
    const { loss } = await training.run({ images, labels, scalars: { ...scalars, step }, keys: [0, step] });
    times.push((performance.now() - start) / 1000);
    // Arithmetic on NaN or infinities may run at another speed.
    if (!Number.isFinite(loss))
      throw new EspalierError('diverged', `step ${step}: expected a loss, got ${loss}`);
  }
  await training.close();
  return times;
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]!) as OurWorkload)));
