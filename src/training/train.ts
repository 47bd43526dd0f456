import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensors } from '../runtime/executor.ts';
import { averagedState } from './averages.ts';
import { finishEpoch } from './epoch-end.ts';
import type { EpochResult, RunPosition, TrainOptions } from './options.ts';
import { learningRateAt } from './schedules.ts';
import {
  checkpoint,
  closeSession,
  isOnPlateau,
  openTrainingRun,
  type RunProgress,
  stepsDone,
  stepsPerEpoch,
  type TrainingRun,
  trainedNetwork,
} from './session.ts';
import { copyState } from './training-step.ts';

/** A trained network, with its training state and the results of its epochs. */
export interface TrainResult {
  /** The network after the last step. It is smaller than the given one if the controller shrank it. */
  readonly network: Graph;
  readonly state: Tensors;
  readonly epochs: readonly EpochResult[];
}

/**
 * Trains a network: mini-batch steps of loss, gradients and optimiser, with an evaluation after each epoch. All randomness is
 * a function of (seed, epoch, step), so a resumed run gives the same result as an uninterrupted one. Throws `diverged` at the
 * first non-finite loss, `interrupted` when the signal is aborted.
 *
 * @example
 * const { network: trained, epochs } = await train({
 *   network: await prepareNetwork(buildModel('resnet20'), onnxruntime),
 *   data,
 *   preprocessing,
 *   executor: onnxruntime,
 *   trainer: (await chooseExecutor()).executor,
 *   epochs: 10,
 *   batch: 128,
 *   seed: 0,
 *   augmentation: 'pad-crop-flip',
 *   optimizer: 'sgd',
 *   learningRate: 0.1,
 *   schedule: 'cosine',
 *   run: null,
 * });
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const session = await openTrainingRun(options);
  try {
    const epochs: EpochResult[] = [];
    while (session.progress.epoch < options.epochs && !isAtItsStep(session) && !isOnPlateau(session)) {
      await runSteps(session);
      if (session.progress.stepInEpoch === stepsPerEpoch(options)) epochs.push(await finishEpoch(session));
      else checkpoint(session);
    }
    const state = copyState(session.step.state());
    return { network: trainedNetwork(session, chosenState(session, state)), state, epochs };
  } finally {
    await closeSession(session);
  }
}

/** The averaged weights if there are any and they had the better result, else the last ones. */
function chosenState({ options, progress: { averageIsBetter } }: TrainingRun, state: Tensors): Tensors {
  if (options.ema === undefined) return state;
  const chosen = averageIsBetter
    ? 'averaged weights, which are better'
    : 'last weights: averages are not better';
  options.onNote?.(`result: the ${chosen} on test images`);
  return averageIsBetter ? averagedState(state) : state;
}

/** Whether the run has reached its last requested step. A complete epoch is still to be finished first. */
const isAtItsStep = ({ options, progress }: TrainingRun): boolean =>
  stepsDone(options, progress) >= (options.untilStep ?? Number.POSITIVE_INFINITY) &&
  progress.stepInEpoch < stepsPerEpoch(options);

/** Runs steps to the end of the epoch, or to the step at which the run is to stop. */
async function runSteps(session: TrainingRun): Promise<void> {
  const { options, batch, step, batches, progress } = session;
  const perEpoch = stepsPerEpoch(options);
  const totalSteps = perEpoch * options.epochs;
  const schedule = { ...options, warmupSteps: Math.round((options.warmupEpochs ?? 0) * perEpoch) };
  session.started = performance.now();
  session.firstStep = progress.stepInEpoch;
  let saved = session.started;
  for await (const { images, labels } of batches.epoch(progress.epoch, progress.stepInEpoch)) {
    const done = stepsDone(options, progress);
    const learningRate = learningRateAt(done, totalSteps, schedule);
    const scalars = { learningRate, step: done + 1, ...options.controller?.scalars() };
    const { loss, metrics } = await step.run({ images, labels, scalars, keys: [options.seed, done] });
    refuseDivergence(loss, progress, learningRate);
    progress.stepInEpoch++;
    progress.lossSum += loss;
    for (const [name, sum] of Object.entries(metrics)) progress.sums[name] = (progress.sums[name] ?? 0) + sum;
    await steer(session, { step: done + 1, totalSteps, learningRate });
    options.onStep?.({
      epoch: progress.epoch + 1,
      epochs: options.epochs,
      images: progress.stepInEpoch * batch,
      ofImages: perEpoch * batch,
      loss: progress.lossSum / progress.stepInEpoch,
    });
    // No checkpoint is due after the last step of an epoch: its end writes one.
    const due =
      progress.stepInEpoch < perEpoch && performance.now() - saved > 1000 * (options.checkpointSeconds ?? 60);
    if (options.signal?.aborted || due) {
      checkpoint(session);
      saved = performance.now();
    }
    if (options.signal?.aborted) throw interrupted(options);
    if (isAtItsStep(session)) return;
  }
}

async function steer({ options: { controller }, step }: TrainingRun, moment: RunPosition): Promise<void> {
  const state = () => step.state();
  controller?.afterStep(moment, state);
  const written = await controller?.overwrite?.(moment, state);
  if (written) step.load(written);
}

function refuseDivergence(loss: number, { epoch, stepInEpoch }: RunProgress, learningRate: number): void {
  if (Number.isFinite(loss)) return;
  const where = `epoch ${epoch + 1}, step ${stepInEpoch + 1}`;
  const advice = `lower the learning rate (now ${Number(learningRate.toPrecision(3))}) or warm up`;
  throw new EspalierError('diverged', `the loss became ${loss}: ${advice}`, { where });
}

function interrupted({ run }: TrainOptions): EspalierError {
  const hint = run ? `continue with \`resume\` ${run.path}` : 'there is no checkpoint';
  return new EspalierError('interrupted', `interrupted: ${hint}`);
}
