import type { DataSet } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import { defined } from '../defined.ts';
import type { Graph } from '../graph/graph.ts';
import { inElementType } from '../measure/in-element-type.ts';
import { type Costs, costs } from '../measure/macs.ts';
import { withTimer } from '../measure/runtimes.ts';
import type { Timer } from '../measure/timer.ts';
import { formsOf, type NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { type Distilling, openTraining } from '../training/open-training.ts';
import type { TrainOptions } from '../training/options.ts';
import type { RunDirectory } from '../training/run-directory.ts';
import { checkOptions } from './check-options.ts';
import { completeSettings, retrainingDefaults } from './defaults.ts';
import { checkRequest, type PruningTargetOptions, targetOf } from './iterative/check-request.ts';
import type { PruningWatch, Retraining } from './iterative/job.ts';
import { openPruningJob } from './iterative/open-job.ts';
import { needsTimer, type PruningSettings } from './iterative/settings.ts';
import type { PrunedInSteps, PruneStep } from './iterative/steps.ts';
import type { UnitOutcome } from './prune-channels.ts';
import { runPruning } from './run-pruning.ts';
import type { UnitSensitivity } from './sensitivity/measure.ts';

/** Retraining options of {@link prune}, except the data and the number of epochs. */
export type RetrainingOptions = Partial<
  Omit<TrainOptions, 'network' | 'data' | 'preprocessing' | 'executor' | 'epochs' | 'run' | 'controller'>
>;

/** Options of {@link prune}: exactly one target, and any settings that differ from the defaults. */
export interface PruneOptions
  extends PruningTargetOptions,
    Partial<Omit<PruningSettings, 'target'>>,
    PruningWatch {
  /**
   * Images for criteria, recovery, comparison and retraining; see {@link tensorData} and {@link openDataSet}. Default: none.
   */
  readonly data?: DataSet;
  /** Default: the preprocessing stored with the network; none for a data set of raw inputs. */
  readonly preprocessing?: Preprocessing;
  /** Total number of retraining epochs. Default 0. */
  readonly epochs?: number;
  readonly training?: RetrainingOptions;
  /** Retrains on the outputs of the given network (or of `teacher`) instead of labels. */
  readonly distill?: Distilling;
  /** Records the run, with checkpoints of retraining. Default: nothing is recorded. */
  readonly run?: RunDirectory;
  /** The name of the output with class scores. Default: found by its shape and the number of classes. */
  readonly logits?: string;
  /** The result of {@link measureSensitivity}, by which the widths of layers are chosen. */
  readonly sensitivity?: readonly UnitSensitivity[];
  /** The number of widths to evaluate on calibration images, of which the best is taken. Default: no search. */
  readonly search?: number;
  /** Runs, verifies and evaluates networks. Default: onnxruntime. */
  readonly executor?: Executor;
  /**
   * Times candidates if the target is a latency, and channel sets for scores per millisecond. Default: onnxruntime on one
   * thread.
   */
  readonly timer?: Timer;
}

/** A pruned network. */
export interface PrunedNetwork {
  /** The pruned network in the element types of the given network. */
  readonly graph: Graph;
  /** With `residual` untied: the same network with residual connections, each adding the channels that it carries. */
  readonly residual?: Graph;
  readonly before: Costs;
  readonly after: Costs;
  /** Whether the target is met. */
  readonly met: boolean;
  /** Groups of layers with their kept channels, and why a group keeps more than requested. */
  readonly units: readonly UnitOutcome[];
  readonly steps: readonly PruneStep[];
  /** Largest difference of a cut from the masked network, relative to its outputs; null if not verified. */
  readonly error: number | null;
}

/**
 * Prunes a network to a target: gradually, while it trains (the default with `epochs`), or in one or several cuts, each followed
 * by recovery on images (if `data` is given) and by retraining (if `epochs` are given). Each cut is compared with the given network whose removed channels are multiplied by 0.
 * Throws `usage` if an option is invalid or contradicts another, `verification` if outputs differ after a cut, and the errors of training.
 *
 * @example
 * const small = await prune(network, { macs: 0.5 });
 * const trained = await prune(network, { macs: 0.5, data, epochs: 10 });
 * writeModelFile(trained.graph, 'small.onnx');
 */
export async function prune(network: Graph | NetworkForms, options: PruneOptions): Promise<PrunedNetwork> {
  checkOptions(options);
  checkRequest(options);
  const settings = { ...options, ...completeSettings(targetOf(options), options) };
  const executor = options.executor ?? (await defaultExecutor());
  const forms = await formsOf(network, executor);
  const { data, epochs } = options;
  const training =
    data && epochs !== undefined
      ? await retrainingOf(forms.graph, { ...options, data, epochs }, executor)
      : null;
  const pruneWith = async (opened?: Timer) => {
    const timer = opened && inElementType(opened, forms.form);
    const job = await openPruningJob(forms, { ...options, settings, executor, timer }, training);
    return runPruning({ ...job, retraining: training && retrainingBy(training, options) });
  };
  return result(await (needsTimer(options) ? withTimer(options, pruneWith) : pruneWith()), forms, options);
}

const retrainingBy = (training: TrainOptions, { distill }: PruneOptions): Retraining => ({
  epochs: training.epochs,
  distillation: distill ? (training.task ?? null) : null,
  options: (epochs = training.epochs) => ({ ...training, epochs }),
});

function result(
  { network, residual, steps, cut }: PrunedInSteps,
  forms: NetworkForms,
  { size }: PruneOptions,
): PrunedNetwork {
  const errors = steps.flatMap(({ error }) => error ?? []);
  return {
    graph: forms.form.restore(network),
    ...(residual && { residual: forms.form.restore(residual) }),
    before: costs(forms.graph, { size }),
    after: costs(network, { size }),
    met: cut.met,
    units: cut.units,
    steps,
    error: errors.length === 0 ? null : Math.max(...errors),
  };
}

/** The options of retraining, and the network in the form for training. */
const retrainingOf = (
  network: Graph,
  {
    data,
    epochs,
    preprocessing,
    logits,
    seed,
    signal,
    distill,
    training,
  }: PruneOptions & Pick<TrainOptions, 'data' | 'epochs'>,
  executor: Executor,
): Promise<TrainOptions> =>
  openTraining(network, {
    ...retrainingDefaults,
    ...defined({ preprocessing, logits, seed, signal, distill }),
    ...training,
    data,
    epochs,
    executor,
  });
