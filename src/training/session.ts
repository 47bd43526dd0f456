import { type BatchStream, openBatches } from '../data/batches.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensors } from '../runtime/executor.ts';
import { settleBest } from './best.ts';
import { checkTraining } from './check-options.ts';
import { latestCheckpoint, saveCheckpoint, setBrokenAside } from './checkpoint.ts';
import { openStep } from './open-step.ts';
import type { TrainOptions } from './options.ts';
import { type SettledOptions, settleLearningRate } from './range-test.ts';
import { patientlyHoldRun } from './run-lock.ts';
import { augmentationOf, taskOf } from './tasks/index.ts';
import { type TrainingStep, withState } from './training-step.ts';

/** The position of a run; a checkpoint stores it with the tensors. */
export interface RunProgress {
  /** Finished epochs. */
  epoch: number;
  /** Steps done in the current epoch. */
  stepInEpoch: number;
  lossSum: number;
  /** The metrics of the task, summed over the images of the epoch. */
  sums: Record<string, number>;
  /** The best score so far; null before the first evaluation. */
  best: number | null;
  /** The basis of early stopping; null before the first evaluation of a settled network. */
  plateau: Plateau | null;
  /** Whether the averaged weights had the better score in the last evaluation. */
  averageIsBetter: boolean;
  controller: unknown;
}

/** The best result since the network has its final size. */
interface Plateau {
  readonly score: number;
  /** The epoch with that result. */
  readonly since: number;
  /** Epochs from that one to the last evaluated one. */
  readonly epochs: number;
}

/** A run that is open in this process. Close it. */
export interface TrainingRun {
  readonly options: SettledOptions;
  readonly batch: number;
  readonly batches: BatchStream;
  readonly progress: RunProgress;
  /** The network in training: the given one, or what a controller has shrunk it to. */
  network: Graph;
  step: TrainingStep;
  /** Start of the current epoch in this process, in ms, and its first step in this process. */
  started: number;
  firstStep: number;
  /** Releases the run directory. */
  readonly release: () => void;
}

/** Starts a run, or resumes it from its newest checkpoint, with the network of that checkpoint. */
export async function openTrainingRun(options: TrainOptions): Promise<TrainingRun> {
  checkTraining(options);
  const { run } = options;
  const release = run ? await patientlyHoldRun(run.path) : () => {};
  try {
    return await openHeld(options, release);
  } catch (cause) {
    release();
    throw cause;
  }
}

const atStart = {
  ...{ epoch: 0, stepInEpoch: 0, lossSum: 0, best: null, plateau: null },
  ...{ averageIsBetter: false, controller: null },
};

async function openHeld(given: TrainOptions, release: () => void): Promise<TrainingRun> {
  expectEvaluations(given);
  const options = await settleLearningRate(given);
  const { data, run, controller } = options;
  const batch = Math.min(options.batch, data.train.count);
  if (options.resume && run) setBrokenAside(run.path, options.onWarning ?? (() => {}));
  const saved = options.resume && run ? latestCheckpoint<RunProgress>(run.path) : null;
  const progress: RunProgress = { ...atStart, sums: {}, ...saved?.progress };
  if (saved) controller?.restore(progress.controller);
  const network = (saved && controller?.shrunk?.(options.network)) ?? options.network;
  const step = await openStep(network, options);
  const batches = openBatches(data.train, {
    ...options,
    augmentation: augmentationOf(options),
    batch,
    shuffle: true,
    dropLast: true,
  });
  const session = { options, batch, batches, progress, network, step, started: 0, firstStep: 0, release };
  try {
    if (options.resume && run) settleBest(run.path, progress);
    if (saved) step.load(saved.tensors);
    if (options.resume) run?.rewind(saved ? stepsDone(options, progress) : -1, progress.epoch);
  } catch (cause) {
    await closeSession(session);
    throw cause;
  }
  return session;
}

export async function closeSession({ batches, step, release }: TrainingRun): Promise<void> {
  try {
    await batches.close();
    await step.close();
  } finally {
    release();
  }
}

export const stepsPerEpoch = ({ data, batch }: TrainOptions): number =>
  Math.floor(data.train.count / Math.min(batch, data.train.count));

/** Steps done since the start of the run. */
export const stepsDone = (options: TrainOptions, progress: RunProgress): number =>
  progress.epoch * stepsPerEpoch(options) + progress.stepInEpoch;

/** Whether as many epochs as `stopAfter` have brought no better result. */
export const isOnPlateau = ({ options: { stopAfter }, progress }: TrainingRun): boolean =>
  stopAfter !== undefined && progress.plateau !== null && progress.plateau.epochs >= stopAfter;

function expectEvaluations(options: TrainOptions): void {
  const { stopAfter, evaluateEvery } = options;
  if (stopAfter === undefined || (evaluateEvery !== 0 && taskOf(options).evaluate)) return;
  throw new EspalierError('usage', '`stopAfter` needs test results after epochs, found no evaluation');
}

/** The network that a state represents. */
export function trainedNetwork({ options, network }: TrainingRun, state: Tensors): Graph {
  return options.controller?.network(network, state) ?? withState(network, state);
}

/** Writes a checkpoint of the current position. */
export function checkpoint({ options, step, progress }: TrainingRun): void {
  if (!options.run) return;
  progress.controller = options.controller?.save() ?? null;
  saveCheckpoint(options.run.path, stepsDone(options, progress), { tensors: step.state(), progress });
}
