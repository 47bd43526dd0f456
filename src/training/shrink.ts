import { verifyEquivalent } from '../rewrite/index.ts';
import { openStep } from './open-step.ts';
import { stepsDone, type TrainingRun } from './session.ts';
import { copyState } from './training-step.ts';

/**
 * Lets the controller remove parts that no longer contribute, and continues with the training step of the smaller network.
 * Throws `verification` if the smaller network does not compute the same outputs.
 */
export async function shrinkSession(session: TrainingRun): Promise<void> {
  const { options, network, step, progress } = session;
  const { controller, executor, run } = options;
  const started = performance.now();
  const state = copyState(step.state());
  const shrunk = controller?.shrink?.(network, state);
  if (!shrunk) return;
  const [before, after] = [
    controller!.network(network, state),
    controller!.network(shrunk.network, shrunk.state),
  ];
  await verifyEquivalent(before, after, { executor });
  const next = await openStep(shrunk.network, options);
  await step.close();
  Object.assign(session, { network: shrunk.network, step: next });
  next.load(shrunk.state);
  const seconds = (performance.now() - started) / 1000;
  run?.record({ type: 'shrink', epoch: progress.epoch, step: stepsDone(options, progress), seconds });
}
