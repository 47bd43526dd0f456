import { EspalierError } from '../errors.ts';
import type { Tensors } from '../runtime/executor.ts';
import { newestCheckpoint } from './checkpoint.ts';
import { firstNotFiniteOf } from './not-finite.ts';
import { stepsDone, type TrainingRun } from './session.ts';
import { learningRateOf, stepInput, takeStep } from './take-step.ts';
import { copyState } from './training-step.ts';

/** A state of a run in memory, from which the steps since can be repeated. */
export interface KeptState {
  readonly stepInEpoch: number;
  readonly tensors: Tensors;
  readonly controller: unknown;
}

/** Number of steps after which a newer state is kept. */
export const KEPT_EVERY = 32;

/** Copies the state of a run. */
export const keepState = ({ options, step, progress }: TrainingRun): KeptState => ({
  stepInEpoch: progress.stepInEpoch,
  tensors: copyState(step.state()),
  controller: structuredClone(options.controller?.save() ?? null),
});

/** The error for a step whose loss is not finite. Repeats the steps since the kept state to find the value that was so first. */
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

/** Throws `diverged` if the state of a run is not finite, so that no checkpoint stores it. */
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
