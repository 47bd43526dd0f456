import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fittingOf } from '../data/data-sets.ts';
import type { Shard } from '../data/subset.ts';
import { defined } from '../defined.ts';
import type { Graph } from '../graph/graph.ts';
import { withFeedsStored } from '../measure/beside-image.ts';
import { writeModelFile } from '../onnx/model-file.ts';
import type { ExecutorName } from '../runtime/choose.ts';
import { trainingDefaults } from '../training/defaults.ts';
import type { TrainOptions } from '../training/options.ts';
import { createRunDirectory, type RunDirectory } from '../training/run-directory.ts';
import { augmentationOf } from '../training/tasks/index.ts';
import type { MemberJob } from './training-job.ts';

/** Training options for several networks, each of which has a folder of the run. */
export interface RingTraining extends TrainOptions {
  readonly run: RunDirectory;
}

/** How other processes and machines open the images, and which engine trains there. */
export interface JobSource {
  /** The name of a data set, or the absolute path of its folder. */
  readonly name: string;
  readonly limit?: number | undefined;
  readonly testLimit?: number | undefined;
  readonly labels?: string | undefined;
  readonly executor?: ExecutorName | undefined;
}

/** The properties of one network among several. */
export interface JobPlace {
  /** Index of the network, from 0. */
  readonly index: number;
  readonly learningRate: number;
  readonly shard?: Shard;
  readonly start: () => Graph | Promise<Graph>;
}

/** The job of training one network, in a folder of the run, which is created if it is missing. */
export async function memberJob(
  training: RingTraining,
  source: JobSource,
  { index, learningRate, shard, start }: JobPlace,
): Promise<MemberJob> {
  const { run, preprocessing, data, threads, seed } = training;
  const folder = join(run.path, `network-${index + 1}`);
  const model = join(folder, 'start.onnx');
  if (!existsSync(join(folder, 'recipe.json'))) createRunDirectory(folder, run.recipe);
  if (!existsSync(model)) writeModelFile(withFeedsStored(await start()), model);
  const { height, width, fit, pad } = preprocessing;
  const { name, limit, testLimit, labels, executor } = source;
  const images = shard ? Math.floor(data.train.count / shard.of) : data.train.count;
  return {
    model,
    folder,
    data: {
      name,
      height,
      width,
      seed,
      ...fittingOf(name, preprocessing),
      ...defined({ limit, testLimit, labels, shard }),
    },
    preprocessing: {
      ...defined({ fit, pad }),
      height,
      width,
      mean: [...preprocessing.mean],
      std: [...preprocessing.std],
    },
    training: {
      ...settingsOf(training),
      batch: Math.min(training.batch, images),
      seed: seed + index,
      learningRate,
    },
    ...defined({ threads, executor }),
  };
}

function settingsOf(training: RingTraining): Omit<MemberJob['training'], 'learningRate'> {
  const { epochs, batch, seed, optimizer, schedule } = training;
  const { nesterov = false, decoupledWeightDecay = false, noDecayOn = [] } = training;
  const defaults = trainingDefaults;
  return {
    ...{ epochs, batch, seed, optimizer, schedule, nesterov, decoupledWeightDecay },
    // A custom augmentation is a function and is passed to trainers of this process separately.
    augmentation: [augmentationOf(training)].flat().filter((one) => typeof one === 'string'),
    momentum: training.momentum ?? defaults.momentum,
    weightDecay: training.weightDecay ?? defaults.weightDecay,
    noDecayOn: [...noDecayOn],
    milestones: [...(training.milestones ?? defaults.milestones)],
    gamma: training.gamma ?? defaults.gamma,
    warmupEpochs: training.warmupEpochs ?? defaults.warmupEpochs,
    labelSmoothing: training.labelSmoothing ?? defaults.labelSmoothing,
    ...defined({ clipNorm: training.clipNorm }),
    evaluateEvery: training.evaluateEvery ?? defaults.evaluateEvery,
    checkpointSeconds: training.checkpointSeconds ?? defaults.checkpointSeconds,
  };
}
