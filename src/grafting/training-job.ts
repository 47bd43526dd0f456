import { dirname } from 'node:path';
import * as v from 'valibot';
import { augmentationNames } from '../data/augmentations/index.ts';
import { type DataSetOptions, openDataSet } from '../data/data-sets.ts';
import { fits, type ImageFit } from '../data/image-folder/fits.ts';
import type { DataSet } from '../data/image-source.ts';
import { shardSource } from '../data/subset.ts';
import { defined } from '../defined.ts';
import { EspalierError } from '../errors.ts';
import { withStoredFeeds } from '../measure/beside-image.ts';
import { readModelFile } from '../onnx/model-file.ts';
import { numberIn, numberList, someOf, wholeNumber } from '../option-schemas.ts';
import { chooseExecutor } from '../runtime/choose.ts';
import { trainingSchemas as given } from '../training/check-options.ts';
import type { StepProgress, TrainOptions } from '../training/options.ts';
import { openRunDirectory } from '../training/run-directory.ts';
import { train } from '../training/train.ts';

const count = wholeNumber(0);

/** How images are resized. */
const fitSchemas = {
  fit: v.optional(v.picklist(Object.keys(fits) as ImageFit[])),
  pad: v.optional(count),
};

/** The data of a job that trains one network up to a step: plain data, validated by the receiver. */
export const jobSchema = v.object({
  /** The initial network, in the form for training. */
  model: v.string(),
  /** The folder of its run, whose newest checkpoint is continued. */
  folder: v.string(),
  /** The step of the run at which the job ends. */
  untilStep: count,
  data: v.object({
    name: v.string(),
    ...fitSchemas,
    height: count,
    width: count,
    seed: count,
    limit: v.optional(count),
    testLimit: v.optional(count),
    labels: v.optional(v.string()),
    shard: v.optional(v.object({ index: count, of: v.pipe(count, v.minValue(1)) })),
  }),
  preprocessing: v.object({
    ...fitSchemas,
    height: count,
    width: count,
    mean: numberList,
    std: numberList,
  }),
  training: v.object({
    epochs: given.epochs,
    batch: given.batch,
    seed: given.seed,
    augmentation: someOf(augmentationNames),
    optimizer: given.optimizer,
    learningRate: numberIn(0),
    momentum: given.momentum,
    nesterov: v.boolean(),
    weightDecay: given.weightDecay,
    clipNorm: v.optional(given.clipNorm),
    decoupledWeightDecay: v.boolean(),
    noDecayOn: v.optional(given.noDecayOn),
    schedule: given.schedule,
    milestones: given.milestones,
    gamma: given.gamma,
    warmupEpochs: given.warmupEpochs,
    labelSmoothing: given.labelSmoothing,
    evaluateEvery: given.evaluateEvery,
    checkpointSeconds: given.checkpointSeconds,
  }),
  threads: v.optional(given.threads),
  executor: v.optional(v.picklist(['onednn', 'onnxruntime'])),
});

export type TrainingJob = v.InferOutput<typeof jobSchema>;

/** The job of one network of a ring, without the step at which it ends. */
export type MemberJob = Omit<TrainingJob, 'untilStep'>;

interface Watching {
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: (progress: StepProgress) => void;
  readonly onWarning?: (line: string) => void;
}

/** Trains a network up to a step, on images opened by name. Throws `usage` for an invalid job. */
export async function performTraining(given: unknown, watching: Watching = {}): Promise<void> {
  const job = checkedJob(given);
  const { executor } = await chooseExecutor('onnxruntime');
  const { executor: trainer } = await chooseExecutor(job.executor);
  const data = await dataOf(job.data, job.preprocessing.mean.length);
  await trainJob(job, { data, executor, trainer }, watching);
}

/** Open images, executors, and options that a job cannot contain. */
type Means = Pick<TrainOptions, 'data' | 'executor' | 'trainer'> &
  Partial<Pick<TrainOptions, 'augmentation'>>;

/** Trains a network up to a step, on its shard of open images. */
export async function trainJob(job: TrainingJob, means: Means, watching: Watching): Promise<void> {
  const { model, folder, preprocessing, untilStep, threads } = job;
  const { data } = means;
  const { shard } = job.data;
  await train({
    ...job.training,
    ...means,
    data: shard ? { ...data, train: shardSource(data.train, shard) } : data,
    network: withStoredFeeds(readModelFile(model)),
    preprocessing,
    untilStep,
    run: { ...openRunDirectory(folder), whole: dirname(folder) },
    resume: true,
    ...defined({ threads, ...watching }),
  });
}

function checkedJob(given: unknown): TrainingJob {
  const result = v.safeParse(jobSchema, given);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
  throw new EspalierError('usage', `not a training job: ${path}: ${issue.message}`);
}

/** Data sets stay open between the jobs of a process. */
const opened = new Map<string, Promise<DataSet>>();

function dataOf({ shard: _, ...whole }: TrainingJob['data'], channels: number): Promise<DataSet> {
  const key = JSON.stringify({ ...whole, channels });
  const { name, ...options } = whole;
  const opening = opened.get(key) ?? openDataSet(name, { ...options, channels } as DataSetOptions);
  opened.set(key, opening);
  return opening;
}
