import { EspalierError } from '../errors.ts';
import type { Tensors } from '../runtime/executor.ts';
import { newestCheckpoint } from './checkpoint.ts';
import { firstNotFiniteOf } from './not-finite.ts';
import { stepsDone, type TrainingRun } from './session.ts';
import { learningRateOf, stepInput, takeStep } from './take-step.ts';
import { copyState } from './training-step.ts';

/** A copy of a run's state, from which later steps can be repeated. */
export interface KeptState {
  readonly stepInEpoch: number;
  readonly tensors: Tensors;
  readonly controller: unknown;
}

/** Number of steps between two copies. */
export const KEPT_EVERY = 32;

/** Copies the state of a run. */
export const keepState = ({ options, step, progress }: TrainingRun): KeptState => ({
  stepInEpoch: progress.stepInEpoch,
  tensors: copyState(step.state()),
  controller: structuredClone(options.controller?.save() ?? null),
});

/**
 * The error for a step with a non-finite loss. Repeats the steps since the kept state to find the first value that is not
 * finite.
 */
export async function divergence(
  session: TrainingRun,
  kept: KeptState,
  loss: number,
): Promise<EspalierError> {
  const first = await firstInStep(session, kept);
  return diverged(
    session,
    `the loss became ${loss}${first === null ? '' : `: ${first} was not finite first`}`,
  );
}

/** Throws `diverged` if the state of a run is not finite, so that no checkpoint contains it. */
export function expectFiniteState(session: TrainingRun): void {
  const name = firstNotFiniteOf(session.step.state());
  if (name !== null) throw diverged(session, `${name} became infinite or NaN`);
}

async function firstInStep(session: TrainingRun, kept: KeptState): Promise<string | null> {
  const { options, step, batches, progress } = session;
  const failed = progress.stepInEpoch;
  step.load(kept.tensors);
  options.controller?.restore(kept.controller);
  progress.stepInEpoch = kept.stepInEpoch;
  for await (const batch of batches.epoch(progress.epoch, kept.stepInEpoch)) {
    if (progress.stepInEpoch === failed) return step.firstNotFinite(stepInput(session, batch));
    await takeStep(session, batch);
  }
  return null;
}

function diverged({ options, progress }: TrainingRun, what: string): EspalierError {
  const { epoch, stepInEpoch } = progress;
  const rate = learningRateOf(options, stepsDone(options, progress)).toPrecision(3);
  const kept = options.run && newestCheckpoint(options.run.path);
  const last = kept ? `; the last good checkpoint is ${kept}` : '';
  const message = `${what}; lower the learning rate (now ${Number(rate)}) or warm up${last}`;
  return new EspalierError('diverged', message, { where: `epoch ${epoch + 1}, step ${stepInEpoch + 1}` });
}
