import { defined } from '../../defined.ts';
import type { Graph } from '../../graph/graph.ts';
import { evaluate } from '../../measure/accuracy.ts';
import { mean } from '../../numeric/statistics.ts';
import type { ImageJob } from './job.ts';

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
  /**
   * By output: the relative error ‖y − y₀‖/‖y₀‖ on test images, where y₀ is the output before the first cut, or that of the
   * teacher of the retraining.
   */
  readonly outputErrors: Readonly<Record<string, number>>;
  /** With a teacher, by output of class scores: the fraction of images to which both networks assign the same class. */
  readonly agreements?: Readonly<Record<string, number>>;
}

type Evaluated = Pick<ImageJob, 'data' | 'executor' | 'retraining' | 'onStage' | 'onEvaluated' | 'signal'>;

/** Evaluates a network on test images; step 0 is before the first cut. */
export async function stageOf(
  network: Graph,
  job: Evaluated,
  { stage, step }: { readonly stage: string; readonly step: number },
): Promise<PruningStage> {
  const accuracy = job.data.calibration.labelled ? await accuracyOf(network, job) : null;
  const none = { top1: null, top5: null, loss: null };
  const errors = (await besideTeacher(network, job)) ?? (await besideOriginal(network, job, step));
  const found = { stage, ...(accuracy ?? none), ...errors };
  job.onStage?.(found, step);
  return found;
}

type Errors = Pick<PruningStage, 'outputError' | 'outputErrors' | 'agreements'>;

async function besideTeacher(network: Graph, job: Evaluated): Promise<Errors | null> {
  const task = job.retraining?.distillation;
  if (!task?.evaluate) return null;
  const found = await task.evaluate(network, job.data.set.test, evaluation(job));
  const { outputErrors = {}, agreements } = found;
  return { outputError: mean(Object.values(outputErrors)), outputErrors, ...defined({ agreements }) };
}

async function besideOriginal(network: Graph, job: Evaluated, step: number): Promise<Errors> {
  const comparison = await job.data.comparison();
  const { outputError, outputErrors } = step === 0 ? comparison.original : await comparison.compare(network);
  return { outputError, outputErrors };
}

async function accuracyOf(network: Graph, job: Evaluated) {
  const { top1, top5, loss } = await evaluate(network, job.data.set.test, evaluation(job));
  return { top1, top5, loss };
}

const evaluation = ({ data, executor, onEvaluated, signal }: Evaluated) => ({
  executor,
  preprocessing: data.preprocessing,
  progress: (done: number) => onEvaluated?.(done, data.set.test.count),
  ...(signal && { signal }),
});
