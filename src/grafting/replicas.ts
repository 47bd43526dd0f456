import { openCalibration } from '../calibration/calibration.ts';
import type { Graph } from '../graph/graph.ts';
import { evaluate } from '../measure/accuracy.ts';
import { requiredCheckpoint } from '../training/checkpoint.ts';
import { settleLearningRate } from '../training/range-test.ts';
import { openRunDirectory, type RunEvent } from '../training/run-directory.ts';
import { withState } from '../training/training-step.ts';
import type { GraftMomentum } from './blend.ts';
import { checkTogether, replicaDefaults as defaults, type ReplicaMomentum } from './defaults.ts';
import type { RingEngine, RingNetworks, TrainingWatch } from './engine.ts';
import { type JobSource, memberJob, type RingTraining } from './member-job.ts';
import { type RoundTimes, trainRing } from './ring.ts';
import { averagingRounds } from './rounds.ts';
import type { MemberJob } from './training-job.ts';

const momenta = { average: 'blend', keep: 'keep', reset: 'reset' } as const satisfies Record<
  ReplicaMomentum,
  GraftMomentum
>;

/** The results of one epoch for all replicas. */
export interface AveragedEpoch {
  readonly epoch: number;
  readonly loss: number;
  readonly trainAccuracy: number;
  /** Accuracy of the mean network; absent if it was not evaluated. */
  readonly testAccuracy?: number;
  readonly times: RoundTimes;
}

export interface ReplicaOptions extends Pick<TrainingWatch, 'onStep'> {
  /** Training options of each replica. */
  readonly training: RingTraining;
  readonly replicas: number;
  /** Steps between two averages; default: the steps of an epoch. */
  readonly averageEvery?: number | undefined;
  /** What happens to the optimiser's momentum at an average. Default `average`. */
  readonly momentum?: ReplicaMomentum | undefined;
  /** How other processes and machines open the images. */
  readonly images: JobSource;
  openEngine(ring: RingNetworks): RingEngine | Promise<RingEngine>;
  onEpoch?(epoch: AveragedEpoch): void;
}

/** The state of training replicas. */
interface Replicas extends ReplicaOptions {
  readonly ring: RingNetworks;
}

/**
 * Trains replicas of one network in parallel, each on its own shard of the images, and averages their weights after a number
 * of steps (local SGD: Stich, ICLR 2019, arXiv:1805.09767; Lin et al., ICLR 2020, arXiv:1808.07217). Resumes interrupted
 * runs.
 */
export async function trainReplicas(
  options: ReplicaOptions,
): Promise<{ readonly network: Graph; readonly epochs: readonly RunEvent[] }> {
  const replicas = { ...options, ring: await ringOf(options) };
  await trainRounds(replicas);
  const events = options.training.run.readEvents();
  return { network: averageOf(replicas), epochs: events.filter(({ type }) => type === 'epoch') };
}

async function ringOf({ training, replicas, momentum, images }: ReplicaOptions): Promise<RingNetworks> {
  checkTogether(training);
  const { network, data, preprocessing, executor, seed } = training;
  const { learningRate } = await settleLearningRate(training);
  const members: MemberJob[] = [];
  for (let index = 0; index < replicas; index++) {
    const shard = { index, of: replicas };
    // Only their mean is evaluated.
    const own = { ...training, evaluateEvery: 0 };
    members.push(await memberJob(own, images, { index, learningRate, shard, start: () => network }));
  }
  const blending = momenta[momentum ?? defaults.momentum];
  return {
    members,
    network,
    layers: [],
    stepsPerEpoch: Math.floor(Math.floor(data.train.count / replicas) / training.batch),
    settings: { source: 'average', level: 'layer', momentum: blending, threshold: 0, noise: 0, seed },
    calibration: () => openCalibration(data.train, { preprocessing, seed }),
    executor,
  };
}

async function trainRounds(work: Replicas): Promise<void> {
  const { training, ring, onStep } = work;
  const { epochs, signal, onWarning } = training;
  const { stepsPerEpoch } = ring;
  const engine = await work.openEngine(ring);
  let spent: RoundTimes = nothing;
  try {
    await trainRing({
      ring,
      engine,
      rounds: averagingRounds({ epochs, stepsPerEpoch }, work.averageEvery ?? stepsPerEpoch),
      signal,
      onStep: (member, progress) => onStep?.(member, progress),
      onWarning: (line) => onWarning?.(line),
      async onRound({ epoch, step }, times) {
        spent = sumOf(spent, times);
        if (step < epoch * stepsPerEpoch) return;
        await finishEpoch(work, { epoch, step, times: spent });
        spent = nothing;
      },
    });
  } finally {
    await engine.close();
  }
}

const nothing: RoundTimes = { seconds: 0, training: 0, graft: 0, waiting: 0 };

const sumOf = (a: RoundTimes, b: RoundTimes): RoundTimes => ({
  seconds: a.seconds + b.seconds,
  training: a.training + b.training,
  graft: a.graft + b.graft,
  waiting: a.waiting + b.waiting,
});

interface FinishedEpoch {
  readonly epoch: number;
  readonly step: number;
  readonly times: RoundTimes;
}

/** Evaluates the mean of the replicas, and records the epoch once, like that of a single network. */
async function finishEpoch(work: Replicas, { epoch, step, times }: FinishedEpoch): Promise<void> {
  const { training, ring } = work;
  const { run, executor, trainer = executor, epochs, evaluateEvery = 1 } = training;
  const isEpoch = (event: RunEvent) => event.type === 'epoch' && event.epoch === epoch;
  if (run.readEvents().some(isEpoch)) return;
  const own = ring.members.map(({ folder }) => openRunDirectory(folder).readEvents().find(isEpoch)!);
  const mean = (field: string) => own.reduce((sum, event) => sum + Number(event[field]), 0) / own.length;
  const { seconds } = times;
  const images = own.length * ring.stepsPerEpoch * training.batch;
  const evaluated = epoch % evaluateEvery === 0 || epoch === epochs ? await evaluateAverage(work) : {};
  const means = { loss: mean('loss'), trainAccuracy: mean('trainAccuracy'), ...evaluated };
  run.record({
    type: 'epoch',
    epoch,
    step,
    ...means,
    learningRate: own[0]!.learningRate,
    seconds,
    imagesPerSecond: images / seconds,
    engine: trainer.name,
    times,
  });
  work.onEpoch?.({ epoch, ...means, times });
}

async function evaluateAverage(work: Replicas): Promise<{ testAccuracy?: number; testLoss?: number }> {
  const { data, executor, preprocessing } = work.training;
  const { top1, loss } = await evaluate(averageOf(work), data.test, { executor, preprocessing });
  return { testAccuracy: top1, testLoss: loss };
}

/** The network that all replicas have after an average. */
const averageOf = ({ training, ring }: Replicas): Graph =>
  withState(training.network, requiredCheckpoint(ring.members[0]!.folder).tensors);
