import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Shard } from '../../data/subset.ts';
import { defined } from '../../defined.ts';
import type { MemberJob } from '../../grafting/training-job.ts';
import type { Graph } from '../../graph/graph.ts';
import { dataPlace } from '../data-flags.ts';
import type { TrainingFlags } from './flags.ts';
import type { Settings } from './recipe.ts';
import { noDecayRoles, type TrainingSession } from './session.ts';

/** What is a network's own among several that a run trains. */
export interface JobPlace {
  /** From 0. */
  readonly index: number;
  readonly learningRate: number;
  readonly shard?: Shard;
  readonly start: () => Graph | Promise<Graph>;
}

/** The job of training one network of a run, in a folder of the run's, which is made where it is not there yet. */
export async function trainingJob(
  session: TrainingSession,
  settings: Settings<TrainingFlags>,
  { index, learningRate, shard, start }: JobPlace,
): Promise<MemberJob> {
  const { createRunDirectory } = await import('../../training/run-directory.ts');
  const { writeModelFile } = await import('../../onnx/model-file.ts');
  const { withFeedsStored } = await import('../../measure/beside-image.ts');
  const { run, preprocessing, data } = session;
  const folder = join(run.path, `network-${index + 1}`);
  const model = join(folder, 'start.onnx');
  if (!existsSync(join(folder, 'recipe.json'))) createRunDirectory(folder, run.recipe);
  if (!existsSync(model)) writeModelFile(withFeedsStored(await start()), model);
  const { height, width } = preprocessing;
  const { threads, executor, limit, testLimit, labels, seed } = settings;
  const images = shard ? Math.floor(data.train.count / shard.of) : data.train.count;
  const name = await dataPlace(settings.data);
  return {
    model,
    folder,
    data: { name, height, width, seed, ...defined({ limit, testLimit, labels, shard }) },
    preprocessing: { height, width, mean: [...preprocessing.mean], std: [...preprocessing.std] },
    training: {
      ...trainingOf(settings),
      batch: Math.min(settings.batch, images),
      seed: seed + index,
      learningRate,
    },
    ...defined({ threads, executor }),
  };
}

function trainingOf(settings: Settings<TrainingFlags>): Omit<MemberJob['training'], 'learningRate'> {
  const { epochs, batch, seed, augmentation, optimizer, momentum, nesterov, weightDecay, schedule } =
    settings;
  const { decoupledWeightDecay, milestones, gamma, warmupEpochs, labelSmoothing, checkpointSeconds } =
    settings;
  return {
    epochs,
    batch,
    seed,
    augmentation,
    optimizer,
    momentum,
    nesterov,
    weightDecay,
    decoupledWeightDecay,
    noDecayOn: noDecayRoles(settings),
    schedule,
    milestones: [...milestones],
    gamma,
    warmupEpochs,
    labelSmoothing,
    evaluateEvery: settings.evalEvery,
    checkpointSeconds,
  };
}
