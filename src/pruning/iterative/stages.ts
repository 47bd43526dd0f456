import type { Graph } from '../../graph/graph.ts';
import { evaluate } from '../../measure/accuracy.ts';
import type { PruningJob } from './job.ts';

/** The evaluation of a network on test images at one stage of a step. */
export interface PruningStage {
  /** `original`, `cut`, `recalibrate`, `reconstruct`, `retrained` or `distilled`. */
  readonly stage: string;
  /** Top-1 accuracy on the test images; null if they have no classes, or the network has no class scores. */
  readonly top1: number | null;
  readonly top5: number | null;
  readonly loss: number | null;
  /** The mean of {@link outputErrors}. */
  readonly outputError: number;
  /** By output: the relative error ‖y − y₀‖/‖y₀‖ on test images, where y₀ is the output before the first cut. */
  readonly outputErrors: Readonly<Record<string, number>>;
}

type Evaluated = Pick<PruningJob, 'data' | 'executor' | 'comparison' | 'onStage' | 'onEvaluated' | 'signal'>;

/** Evaluates a network on test images; step 0 is before the first cut. */
export async function stageOf(
  network: Graph,
  job: Evaluated,
  { stage, step }: { readonly stage: string; readonly step: number },
): Promise<PruningStage> {
  const comparison = await job.comparison!();
  const accuracy = job.data!.calibration.labelled ? await accuracyOf(network, job) : null;
  const { outputError, outputErrors } = step === 0 ? comparison.original : await comparison.compare(network);
  const none = { top1: null, top5: null, loss: null };
  const found = { stage, ...(accuracy ?? none), outputError, outputErrors };
  job.onStage?.(found, step);
  return found;
}

async function accuracyOf(network: Graph, { data, executor, onEvaluated, signal }: Evaluated) {
  const { set, preprocessing } = data!;
  const progress = (done: number) => onEvaluated?.(done, set.test.count);
  const { top1, top5, loss } = await evaluate(network, set.test, {
    executor,
    preprocessing,
    progress,
    ...(signal && { signal }),
  });
  return { top1, top5, loss };
}
