import { defined } from '../defined.ts';
import { formatPercent } from '../numeric/quantities.ts';
import { settleBest, stagedBest } from './best.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { evaluateEpoch, noteScores } from './evaluate-epoch.ts';
import type { EpochResult } from './options.ts';
import { checkpoint, isOnPlateau, stepsDone, type TrainingRun, trainedNetwork } from './session.ts';
import { shrinkSession } from './shrink.ts';
import { learningRateOf } from './take-step.ts';
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
  const evaluation = await evaluateEpoch(session);
  const { score: _, metrics, ...evaluated } = evaluation?.current ?? NOTHING;
  const result: EpochResult = {
    epoch: progress.epoch,
    step: doneSteps,
    loss,
    ...(trainAccuracy !== undefined && { trainAccuracy }),
    ...evaluated,
    ...(evaluation?.averaged && { averaged: flat(evaluation.averaged) }),
    learningRate: learningRateOf(options, doneSteps - 1),
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
  recordEvents(session, result);
  warnOfGuessing(session, result);
  const isBest = evaluation !== null && noteScores(session, evaluation);
  if (isBest) stageBest(session);
  if (isOnPlateau(session)) notePlateau(session);
  else if (progress.epoch < options.epochs) await shrinkSession(session);
  checkpoint(session);
  if (isBest && options.run) settleBest(options.run.path, progress);
  options.onEpoch?.(result);
  return result;
}

const NOTHING: Partial<TaskEvaluation> = {};

const flat = ({ testAccuracy, testLoss, metrics }: TaskEvaluation) => ({
  ...defined({ testAccuracy, testLoss }),
  ...metrics,
});

/** Records the events of the controller. */
function recordEvents(session: TrainingRun, { epoch, step }: EpochResult): void {
  const { controller, run } = session.options;
  if (!run || !controller?.events) return;
  const network = trainedNetwork(session, session.step.state());
  for (const event of controller.events(network)) run.record({ ...event, epoch, step });
}

/** Number of steps in which a network must have learned something. */
const JUDGED_AFTER = 100;

/**
 * Warns after a first epoch that was no better than guessing: a deep residual network whose rate is high from the first step loses
 * its first epochs, or all of them.
 */
function warnOfGuessing({ options }: TrainingRun, { epoch, step, loss, trainAccuracy }: EpochResult): void {
  const classes = options.data.train.classes.length;
  if (epoch !== 1 || step < JUDGED_AFTER || trainAccuracy === undefined) return;
  if (loss <= Math.log(classes) || trainAccuracy >= 2 / classes) return;
  const found = `loss ${loss.toFixed(3)} and accuracy ${formatPercent(trainAccuracy, 1)}`;
  options.onWarning?.(
    `epoch 1 was no better than guessing among ${classes} classes (${found}): warm up for an epoch, or lower the learning rate`,
  );
}

/** Stages the state of the epoch with the best score, until a checkpoint confirms it. */
function stageBest({ options, step, progress }: TrainingRun): void {
  if (!options.run) return;
  progress.controller = options.controller?.save() ?? null;
  writeCheckpoint(stagedBest(options.run.path), { tensors: step.state(), progress });
}

function notePlateau({ options, progress }: TrainingRun): void {
  const { epoch, plateau } = progress;
  const bestEpoch = plateau!.since;
  options.run?.record({ type: 'early-stop', epoch, step: stepsDone(options, progress), bestEpoch });
  options.onNote?.(
    `stopped after epoch ${epoch} of ${options.epochs}: test results have not improved since epoch ${bestEpoch}`,
  );
}
