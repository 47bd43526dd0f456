import { settleBest, stagedBest } from './best.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { EpochResult } from './options.ts';
import { learningRateAt } from './schedules.ts';
import { checkpoint, stepsDone, stepsPerEpoch, type TrainingRun, trainedNetwork } from './session.ts';
import { shrinkSession } from './shrink.ts';
import { taskOf } from './tasks/index.ts';
import type { TaskEvaluation } from './tasks/task.ts';

/** Finishes an epoch: evaluates and records it, shrinks the network if another epoch follows, and writes a checkpoint. */
export async function finishEpoch(session: TrainingRun): Promise<EpochResult> {
  const { options, batch, step, progress } = session;
  const seconds = (performance.now() - session.started) / 1000;
  const images = progress.stepInEpoch * batch;
  const speed = ((progress.stepInEpoch - session.firstStep) * batch) / seconds;
  const loss = progress.lossSum / progress.stepInEpoch;
  const means = Object.entries(progress.sums).map(([name, sum]) => [name, sum / images] as const);
  const { correct: trainAccuracy, ...trained } = Object.fromEntries(means);
  const doneSteps = stepsDone(options, progress);
  Object.assign(progress, { epoch: progress.epoch + 1, stepInEpoch: 0, lossSum: 0, sums: {} });
  const perEpoch = stepsPerEpoch(options);
  const schedule = { ...options, warmupSteps: Math.round((options.warmupEpochs ?? 0) * perEpoch) };
  const { score, metrics, ...evaluated } = (await evaluateEpoch(session)) ?? NOTHING;
  const result: EpochResult = {
    epoch: progress.epoch,
    step: doneSteps,
    loss,
    ...(trainAccuracy !== undefined && { trainAccuracy }),
    ...evaluated,
    learningRate: learningRateAt(doneSteps - 1, perEpoch * options.epochs, schedule),
    seconds,
    imagesPerSecond: speed,
    metrics: { ...trained, ...metrics, ...options.controller?.metrics(step.state()) },
  };
  options.run?.record({
    type: 'epoch',
    ...result,
    ...result.metrics,
    engine: (options.trainer ?? options.executor).name,
  });
  const isBest = stageBest(session, score);
  if (progress.epoch < options.epochs) await shrinkSession(session);
  checkpoint(session);
  if (isBest && options.run) settleBest(options.run.path, progress);
  options.onEpoch?.(result);
  return result;
}

const NOTHING: Partial<TaskEvaluation> = {};

async function evaluateEpoch(session: TrainingRun): Promise<TaskEvaluation | undefined> {
  const { options, step, batch, progress } = session;
  const every = options.evaluateEvery ?? 1;
  if (every === 0) return;
  if (progress.epoch % every !== 0 && progress.epoch < options.epochs) return;
  const network = trainedNetwork(session, step.state());
  return taskOf(options).evaluate?.(network, options.data.test, { ...options, batch });
}

/** Stages the state of the epoch with the best score, until a checkpoint confirms it. */
function stageBest({ options, step, progress }: TrainingRun, score: number | undefined): boolean {
  if (score === undefined || (progress.best !== null && score <= progress.best)) return false;
  progress.best = score;
  if (!options.run) return false;
  progress.controller = options.controller?.save() ?? null;
  writeCheckpoint(stagedBest(options.run.path), { tensors: step.state(), progress });
  return true;
}
