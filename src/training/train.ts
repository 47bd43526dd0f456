import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensors } from '../runtime/executor.ts';
import { averagedState } from './averages.ts';
import { divergence, expectFiniteState, KEPT_EVERY, keepState } from './divergence.ts';
import { finishEpoch } from './epoch-end.ts';
import type { EpochResult, TrainOptions } from './options.ts';
import {
  checkpoint,
  closeSession,
  isOnPlateau,
  openTrainingRun,
  stepsDone,
  stepsPerEpoch,
  type TrainingRun,
  trainedNetwork,
} from './session.ts';
import { takeStep } from './take-step.ts';
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
 * a function of (seed, epoch, step), so a resumed run gives the same result as an uninterrupted one. Throws `usage` if an option
 * is invalid, `diverged` at the
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
      expectFiniteState(session);
      if (session.progress.stepInEpoch === stepsPerEpoch(options)) epochs.push(await finishEpoch(session));
      else checkpoint(session);
    }
    const state = chosenState(session, copyState(session.step.state()));
    return { network: trainedNetwork(session, state), state, epochs };
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
  const { options, batch: size, batches, progress } = session;
  const perEpoch = stepsPerEpoch(options);
  session.started = performance.now();
  session.firstStep = progress.stepInEpoch;
  let saved = session.started;
  let kept = keepState(session);
  for await (const batch of batches.epoch(progress.epoch, progress.stepInEpoch)) {
    if (progress.stepInEpoch - kept.stepInEpoch >= KEPT_EVERY) kept = keepState(session);
    const { loss, metrics } = await takeStep(session, batch);
    if (!Number.isFinite(loss)) throw await divergence(session, kept, loss);
    progress.lossSum += loss;
    for (const [name, sum] of Object.entries(metrics)) progress.sums[name] = (progress.sums[name] ?? 0) + sum;
    options.onStep?.({
      epoch: progress.epoch + 1,
      epochs: options.epochs,
      images: progress.stepInEpoch * size,
      ofImages: perEpoch * size,
      loss: progress.lossSum / progress.stepInEpoch,
    });
    // No checkpoint is due after the last step of an epoch: its end writes one.
    const due =
      progress.stepInEpoch < perEpoch && performance.now() - saved > 1000 * (options.checkpointSeconds ?? 60);
    if (options.signal?.aborted || due) {
      expectFiniteState(session);
      checkpoint(session);
      saved = performance.now();
    }
    if (options.signal?.aborted) throw interrupted(options);
    if (isAtItsStep(session)) return;
  }
}

function interrupted({ run }: TrainOptions): EspalierError {
  const hint = run ? `continue with \`resume\` ${run.whole ?? run.path}` : 'there is no checkpoint';
  return new EspalierError('interrupted', `interrupted: ${hint}`);
}
