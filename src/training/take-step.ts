import { learningRateAt } from './schedules.ts';
import { stepsDone, stepsPerEpoch, type TrainingRun } from './session.ts';
import type { TaskBatch } from './tasks/task.ts';
import type { StepInput, StepResult } from './training-step.ts';

/** Runs the step of a batch. If its loss is finite, counts the step and lets the controller act on the state. */
export async function takeStep(session: TrainingRun, batch: TaskBatch): Promise<StepResult> {
  const { options, step, progress } = session;
  const { controller } = options;
  const input = stepInput(session, batch);
  const result = await step.run(input);
  if (!Number.isFinite(result.loss)) return result;
  progress.stepInEpoch++;
  const totalSteps = stepsPerEpoch(options) * options.epochs;
  const moment = {
    step: stepsDone(options, progress),
    totalSteps,
    learningRate: input.scalars.learningRate!,
  };
  const state = () => step.state();
  controller?.afterStep(moment, state);
  const written = await controller?.overwrite?.(moment, state);
  if (written) step.load(written);
  return result;
}

/** What the next step of a run reads. */
export function stepInput({ options, progress }: TrainingRun, batch: TaskBatch): StepInput {
  const done = stepsDone(options, progress);
  const learningRate = learningRateOf(options, done);
  const scalars = { learningRate, step: done + 1, ...options.controller?.scalars() };
  return { ...batch, scalars, keys: [options.seed, done] };
}

/** The learning rate of a step of a run, from 0. */
export function learningRateOf(options: TrainingRun['options'], step: number): number {
  const perEpoch = stepsPerEpoch(options);
  const warmupSteps = Math.round((options.warmupEpochs ?? 0) * perEpoch);
  return learningRateAt(step, perEpoch * options.epochs, { ...options, warmupSteps });
}
