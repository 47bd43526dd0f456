import type { DataSet } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import { defined } from '../defined.ts';
import type { Graph } from '../graph/graph.ts';
import { type Costs, costs } from '../measure/macs.ts';
import { networkOnImages } from '../measure/network-on-images.ts';
import { inElementType, withTimer } from '../measure/runtimes.ts';
import type { Timer } from '../measure/timer.ts';
import { foldConstants, formsOf, type NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { type Distilling, openTraining } from '../training/open-training.ts';
import type { TrainOptions } from '../training/options.ts';
import type { RunDirectory } from '../training/run-directory.ts';
import { pruningDefaults, retrainingDefaults } from './defaults.ts';
import { checkRequest, type PruningTargetOptions, targetOf } from './iterative/check-request.ts';
import type { PruningData, PruningJob, PruningWatch } from './iterative/job.ts';
import { comparisonOnTestImages, openPruningData } from './iterative/pruning-data.ts';
import { needsTimer, type PruningSettings } from './iterative/settings.ts';
import { type PrunedInSteps, type PruneStep, pruneInSteps } from './iterative/steps.ts';
import { prepareChannels } from './prepared-network.ts';
import type { UnitOutcome } from './prune-channels.ts';
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
 * Prunes a network to a target in one or several cuts, each followed by recovery on images (if `data` is given) and by
 * retraining (if `epochs` are given). Each cut is compared with the given network whose removed channels are multiplied by 0.
 * Throws `usage` if options contradict each other, `verification` if outputs differ after a cut, and the errors of training.
 *
 * @example
 * const small = await prune(network, { macs: 0.5 });
 * const retrained = await prune(network, { macs: 0.5, scope: 'global', data, epochs: 10 });
 * writeModelFile(retrained.graph, 'small.onnx');
 */
export async function prune(network: Graph | NetworkForms, options: PruneOptions): Promise<PrunedNetwork> {
  const settings = { ...options, ...pruningDefaults, ...defined(options), target: targetOf(options) };
  checkRequest(settings);
  const executor = options.executor ?? (await defaultExecutor());
  const forms = await formsOf(network, executor);
  const training = options.epochs === undefined ? null : await retrainingOf(forms.graph, options, executor);
  const { data, network: prepared } = training
    ? {
        data: await openPruningData(training.data, training.preprocessing, settings),
        network: training.network,
      }
    : await withoutTraining(forms.graph, settings, executor);
  const job: PruningJob = {
    ...options,
    settings,
    reference: { graph: forms.given, restore: forms.form.restore },
    original: await prepareChannels(prepared, executor, options),
    executor,
    data,
    comparison: data && comparisonOnTestImages(prepared, data, { executor, settings }),
    sensitivity: options.sensitivity ?? null,
    search: () => (options.search === undefined ? null : { candidates: options.search }),
    timer: null,
    retraining: training && {
      epochs: training.epochs,
      distills: options.distill !== undefined,
      options: (epochs) => ({ ...training, epochs }),
    },
    run: options.run ?? null,
  };
  const pruned = needsTimer(options)
    ? await withTimer(options, (timer) => pruneInSteps({ ...job, timer: inElementType(timer, forms.form) }))
    : await pruneInSteps(job);
  return result(pruned, forms, options);
}

function result(
  { network, steps, cut }: PrunedInSteps,
  forms: NetworkForms,
  { size }: PruneOptions,
): PrunedNetwork {
  const errors = steps.flatMap(({ error }) => error ?? []);
  return {
    graph: forms.form.restore(network),
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
  { data, epochs, preprocessing, logits, seed, signal, distill, training }: PruneOptions,
  executor: Executor,
): Promise<TrainOptions> =>
  openTraining(network, {
    ...retrainingDefaults,
    ...defined({ preprocessing, logits, seed, signal, distill }),
    ...training,
    data: data!,
    epochs: epochs!,
    executor,
  });

/**
 * Without retraining: the images, if any, and the network with folded constants, known class scores and feeds for its other
 * inputs.
 */
async function withoutTraining(
  network: Graph,
  settings: PruneOptions & Pick<PruningSettings, 'calibrationImages' | 'seed'>,
  executor: Executor,
): Promise<{ readonly network: Graph; readonly data: PruningData | null }> {
  if (!settings.data) return { network: await foldConstants(network, executor), data: null };
  const {
    network: fed,
    data,
    preprocessing,
  } = networkOnImages(network, { ...settings, data: settings.data });
  return {
    network: await foldConstants(fed, executor),
    data: await openPruningData(data, preprocessing, settings),
  };
}
