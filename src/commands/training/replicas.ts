import type { GraftMomentum } from '../../grafting/blend.ts';
import type { RingNetworks } from '../../grafting/engine.ts';
import type { RoundTimes } from '../../grafting/ring.ts';
import type { MemberJob } from '../../grafting/training-job.ts';
import type { Graph } from '../../graph/graph.ts';
import { formatPercent } from '../../report/quantities.ts';
import type { RunEvent } from '../../training/run-directory.ts';
import type { Context } from '../command.ts';
import type { Options } from '../flags.ts';
import type { TrainingFlags } from './flags.ts';
import { trainingJob } from './jobs.ts';
import type { Settings } from './recipe.ts';
import type { replicaFlags } from './replica-flags.ts';
import { openEngine, timesText, watchRing } from './ring-engine.ts';
import type { TrainingSession } from './session.ts';

export type ReplicaSettings = Settings<TrainingFlags> & Options<typeof replicaFlags>;

/** Replicas at work. */
interface Replicas {
  readonly session: TrainingSession;
  readonly settings: ReplicaSettings;
  readonly ring: RingNetworks;
  readonly context: Context;
}

const momenta = { average: 'blend', keep: 'keep', reset: 'reset' } as const satisfies Record<
  string,
  GraftMomentum
>;

/**
 * Trains replicas of one network side by side, each on its own shard of the images, and takes the mean of their weights every
 * few steps (local SGD: Stich, ICLR 2019, arXiv:1805.09767; Lin et al., ICLR 2020, arXiv:1808.07217). Goes on where it was
 * interrupted.
 */
export async function trainReplicas(
  session: TrainingSession,
  settings: ReplicaSettings,
  context: Context,
): Promise<{ readonly network: Graph; readonly epochs: readonly RunEvent[] }> {
  const ring = await ringOf(session, settings);
  const replicas: Replicas = { session, settings, ring, context };
  await trainRounds(replicas);
  return {
    network: await averageOf(replicas),
    epochs: session.run.readEvents().filter(({ type }) => type === 'epoch'),
  };
}

async function ringOf(session: TrainingSession, settings: ReplicaSettings): Promise<RingNetworks> {
  const { openCalibration } = await import('../../calibration/calibration.ts');
  const { network, data, preprocessing, executor } = session;
  const { replicas = 1, replicaMomentum = 'average', lr: learningRate, seed } = settings;
  const members: MemberJob[] = [];
  for (let index = 0; index < replicas; index++) {
    const shard = { index, of: replicas };
    // It is their mean that is evaluated.
    const own = { ...settings, evalEvery: 0 };
    members.push(await trainingJob(session, own, { index, learningRate, shard, start: () => network }));
  }
  const momentum = momenta[replicaMomentum];
  return {
    members,
    network,
    layers: [],
    stepsPerEpoch: Math.floor(Math.floor(data.train.count / replicas) / members[0]!.training.batch),
    settings: { source: 'average', level: 'layer', momentum, threshold: 0, noise: 0, seed },
    calibration: () => openCalibration(data.train, { preprocessing, seed }),
    executor,
  };
}

async function trainRounds(work: Replicas): Promise<void> {
  const { trainRing } = await import('../../grafting/ring.ts');
  const { averagingRounds } = await import('../../grafting/rounds.ts');
  const { session, settings, ring, context } = work;
  const { epochs, redis, store, patience, replicas = 1 } = settings;
  const { stepsPerEpoch } = ring;
  const every = settings.averageEvery ?? stepsPerEpoch;
  const engine = await openEngine(ring, { redis, store, patience, processes: replicas }, session.run);
  const watch = watchRing(context, { epochs, networks: replicas });
  let spent: RoundTimes = nothing;
  try {
    await trainRing({
      ring,
      engine,
      rounds: averagingRounds({ epochs, stepsPerEpoch }, every),
      signal: context.signal,
      onStep: watch.step,
      onWarning: (line) => context.warn(line),
      async onRound({ epoch, step }, times) {
        spent = sumOf(spent, times);
        if (step < epoch * stepsPerEpoch) return;
        watch.done();
        await finishEpoch(work, { epoch, step, times: spent });
        spent = nothing;
      },
    });
  } finally {
    watch.done();
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

interface Finished {
  readonly epoch: number;
  readonly step: number;
  readonly times: RoundTimes;
}

/** Evaluates the mean of the replicas and records the epoch as that of one network, once. */
async function finishEpoch(work: Replicas, { epoch, step, times }: Finished): Promise<void> {
  const { openRunDirectory } = await import('../../training/run-directory.ts');
  const { session, settings, ring, context } = work;
  const isEpoch = (event: RunEvent) => event.type === 'epoch' && event.epoch === epoch;
  if (session.run.readEvents().some(isEpoch)) return;
  const own = ring.members.map(({ folder }) => openRunDirectory(folder).readEvents().find(isEpoch)!);
  const mean = (field: string) => own.reduce((sum, event) => sum + Number(event[field]), 0) / own.length;
  const { seconds } = times;
  const images = own.length * ring.stepsPerEpoch * ring.members[0]!.training.batch;
  const evaluated =
    epoch % settings.evalEvery === 0 || epoch === settings.epochs ? await evaluateAverage(work) : {};
  const [loss, trainAccuracy] = [mean('loss'), mean('trainAccuracy')];
  session.run.record({
    type: 'epoch',
    epoch,
    step,
    loss,
    trainAccuracy,
    ...evaluated,
    learningRate: own[0]!.learningRate,
    seconds,
    imagesPerSecond: images / seconds,
    engine: session.trainer.name,
    times,
  });
  const { testAccuracy } = evaluated;
  const test = testAccuracy === undefined ? '' : `  test ${formatPercent(testAccuracy)}`;
  context.note(
    `epoch ${epoch}/${settings.epochs}  loss ${loss.toFixed(3)}  train ${formatPercent(trainAccuracy)}${test}  ${timesText(times, 'average')}`,
  );
}

async function evaluateAverage(work: Replicas): Promise<{ testAccuracy?: number; testLoss?: number }> {
  const { evaluate } = await import('../../measure/accuracy.ts');
  const { session } = work;
  const { top1, loss } = await evaluate(await averageOf(work), session.data.test, session);
  return { testAccuracy: top1, testLoss: loss };
}

/** The network that all replicas are after an average. */
async function averageOf({ session, ring }: Replicas): Promise<Graph> {
  const { latestCheckpoint } = await import('../../training/checkpoint.ts');
  const { withState } = await import('../../training/training-step.ts');
  return withState(session.network, latestCheckpoint(ring.members[0]!.folder)!.tensors);
}
