import { averagedState } from './averages.ts';
import { type TrainingRun, trainedNetwork } from './session.ts';
import { taskOf } from './tasks/index.ts';
import type { TaskEvaluation } from './tasks/task.ts';

/** The results of an epoch on test images: of the current weights, and of their moving averages if there are any. */
interface EpochEvaluation {
  readonly current: TaskEvaluation;
  readonly averaged?: TaskEvaluation | undefined;
}

/** Evaluates a finished epoch; null if this epoch is not evaluated, or if the task has no evaluation. */
export async function evaluateEpoch(session: TrainingRun): Promise<EpochEvaluation | null> {
  const { options, step, batch, progress } = session;
  const every = options.evaluateEvery ?? 1;
  if (every === 0) return null;
  if (progress.epoch % every !== 0 && progress.epoch < options.epochs) return null;
  const evaluate = async (state = step.state()) =>
    taskOf(options).evaluate?.(trainedNetwork(session, state), options.data.test, { ...options, batch });
  const current = await evaluate();
  if (!current) return null;
  if (options.ema === undefined) return { current };
  return { current, averaged: await evaluate(averagedState(step.state())) };
}

/** Updates the best score, the plateau, and whether the averages are better; returns whether this epoch is the best. */
export function noteScores(
  { options: { controller }, progress }: TrainingRun,
  { current, averaged }: EpochEvaluation,
): boolean {
  progress.averageIsBetter = averaged !== undefined && averaged.score > current.score;
  const score = progress.averageIsBetter ? averaged!.score : current.score;
  const { epoch, plateau } = progress;
  if (controller?.isSettled?.() === false) progress.plateau = null;
  else if (plateau && score <= plateau.score)
    progress.plateau = { ...plateau, epochs: epoch - plateau.since };
  else progress.plateau = { score, since: epoch, epochs: 0 };
  const isBest = progress.best === null || score > progress.best;
  if (isBest) progress.best = score;
  return isBest;
}
