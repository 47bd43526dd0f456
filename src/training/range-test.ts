import { type BatchStream, openBatches } from '../data/batches.ts';
import { limitSource } from '../data/subset.ts';
import { EspalierError } from '../errors.ts';
import { mean } from '../numeric/statistics.ts';
import { openStep } from './open-step.ts';
import type { TrainOptions } from './options.ts';
import { augmentationOf } from './tasks/index.ts';
import { copyState, type TrainingStep } from './training-step.ts';

/** The smallest learning rate that is tried. */
const LEAST = 1e-6;
const MOST = 10;
const STEPS = 100;
const rates = Array.from({ length: STEPS }, (_, i) => LEAST * (MOST / LEAST) ** (i / (STEPS - 1)));
/** Number of batches that the steps use in turn. */
const BATCHES = 10;
/** The loss has risen if it exceeds its minimum by this fraction of the geometric mean of minimum and initial loss. */
const RISE = 0.1;
/** The test ends when the loss exceeds the initial loss by this factor. */
const DIVERGED = 4;
/** The chosen rate, as a fraction of the rate at which the loss rises. */
const FRACTION = 0.1;

/** The result of a range test: the chosen rate, and the smoothed loss at each rate. */
interface RangeTest {
  readonly learningRate: number;
  readonly points: readonly (readonly [rate: number, loss: number])[];
}

/** Options with a number as learning rate. */
export type SettledOptions = TrainOptions & { readonly learningRate: number };

/**
 * The options with a numeric learning rate: the given one, the one recorded in the run, or the result of a range test, which
 * is recorded.
 */
export async function settleLearningRate<T extends TrainOptions>(
  options: T,
): Promise<T & { readonly learningRate: number }> {
  const { learningRate, run, onNote } = options;
  if (learningRate !== 'auto') return { ...options, learningRate };
  const recorded = run?.readEvents().find(({ type }) => type === 'range-test')?.learningRate;
  if (typeof recorded === 'number') return { ...options, learningRate: recorded };
  const found = await rangeTest(options);
  run?.record({ type: 'range-test', ...found });
  onNote?.(
    `learning rate ${shown(found.learningRate)}: a tenth of ${shown(found.learningRate / FRACTION)}, where the loss rises in a range test`,
  );
  return { ...options, learningRate: found.learningRate };
}

const shown = (rate: number): string => String(Number(rate.toPrecision(3)));

/**
 * Trains a copy of the network for 100 steps whose rates grow from 1e-6 to 10 (Smith, Cyclical Learning Rates, WACV 2017,
 * arXiv:1506.01186), and chooses a tenth of the first rate at which the smoothed loss is above its lowest value by a tenth of
 * √(lowest · first loss).
 * The steps take the same ten batches in turn, and the smoothed loss is the mean over the last ten steps, of all of them: the loss
 * differs from batch to batch by more than steps of low rates change it. Ten steps of rate 0 come first.
 */
async function rangeTest(options: TrainOptions): Promise<RangeTest> {
  const { data, seed, network } = options;
  const batch = Math.min(options.batch, data.train.count);
  const source = limitSource(data.train, BATCHES * batch, seed);
  const batches = openBatches(source, {
    ...options,
    augmentation: augmentationOf(options),
    batch,
    shuffle: true,
    dropLast: true,
  });
  const step = await openStep(network, options);
  try {
    const points = await sweep({ step, batches, options });
    return { learningRate: chosenRate(points), points };
  } finally {
    await step.close();
    await batches.close();
  }
}

interface RateSweep {
  readonly step: TrainingStep;
  readonly batches: BatchStream;
  readonly options: TrainOptions;
}

async function sweep(work: RateSweep): Promise<RangeTest['points']> {
  const { step, batches } = work;
  const initial = copyState(step.state());
  const losses: number[] = [];
  for await (const loss of lossesAt(new Array<number>(batches.steps).fill(0), work)) losses.push(loss);
  step.load(initial);
  const start = mean(losses);
  const points: [number, number][] = [];
  for await (const loss of lossesAt(rates, work)) {
    losses.push(loss);
    const smoothed = mean(losses.slice(-batches.steps));
    if (!Number.isFinite(smoothed)) break;
    points.push([rates[points.length]!, smoothed]);
    if (smoothed > DIVERGED * Math.abs(start)) break;
  }
  return points;
}

/** Runs steps with the given learning rates, and returns the loss of each. */
async function* lossesAt(learningRates: readonly number[], { step, batches, options }: RateSweep) {
  const { seed, signal, controller } = options;
  for (let done = 0; done < learningRates.length; )
    for await (const batch of batches.epoch(0)) {
      if (signal?.aborted) throw new EspalierError('interrupted', 'interrupted in the range test');
      const learningRate = learningRates[done++]!;
      const scalars = { ...controller?.scalars(), learningRate, step: done };
      yield (await step.run({ ...batch, scalars, keys: [seed, batch.step] })).loss;
      if (done === learningRates.length) break;
    }
}

/**
 * A tenth of the first rate at which the loss has risen, else of the highest rate. Throws `diverged` if no loss is finite.
 */
function chosenRate(points: RangeTest['points']): number {
  const [first] = points;
  if (!first) throw new EspalierError('diverged', 'the loss is not finite before the first step');
  let lowest = first[1];
  const edge = points.find(([, loss]) => {
    lowest = Math.min(lowest, loss);
    return loss > lowest + RISE * Math.sqrt(Math.abs(lowest * first[1]));
  });
  return FRACTION * (edge ?? points.at(-1)!)[0];
}
