import type { AugmentationSetting } from '../data/augmentations/index.ts';
import type { DataSet } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import type { Graph } from '../graph/graph.ts';
import type { Executor, Tensors } from '../runtime/executor.ts';
import type { OptimizerSettings } from './optimizers.ts';
import type { RunDirectory, RunEvent } from './run-directory.ts';
import type { ScheduleSettings } from './schedules.ts';
import type { StepExtension } from './step-graph.ts';
import type { TaskEvaluation, TrainingTask } from './tasks/task.ts';

/** Options of `train`. */
export interface TrainOptions
  extends OptimizerSettings,
    Omit<ScheduleSettings, 'warmupSteps' | 'learningRate'> {
  /** The highest learning rate; `auto`: found by a range test. */
  readonly learningRate: number | 'auto';
  /** The network, in the form of {@link prepareNetwork}. */
  readonly network: Graph;
  readonly data: DataSet;
  readonly preprocessing: Preprocessing;
  /** Evaluates and verifies. */
  readonly executor: Executor;
  /** Runs the training step; default: `executor`. */
  readonly trainer?: Executor;
  readonly epochs: number;
  /** Stops after this step of the run and writes a checkpoint to resume from. Default: runs all steps. */
  readonly untilStep?: number;
  readonly batch: number;
  readonly seed: number;
  /** Default: that of the task, which is pad-crop-flip for classification, and none for others. */
  readonly augmentation?: AugmentationSetting | undefined;
  /** The training task; default: classification. */
  readonly task?: TrainingTask;
  /**
   * For classification, the name of the output with the class scores; default: found by its shape and the number of classes.
   */
  readonly logits?: string | undefined;
  /** For classification, the label smoothing in [0, 1). Default 0. */
  readonly labelSmoothing?: number;
  /** Epochs in which the learning rate rises linearly from 0. Default 0. */
  readonly warmupEpochs?: number;
  readonly threads?: number;
  /** Evaluates on the test images after every n-th epoch and after the last; 0: never. Default 1. */
  readonly evaluateEvery?: number;
  /** Seconds between checkpoints within an epoch; every epoch ends with one, too. Default 60. */
  readonly checkpointSeconds?: number;
  /** Keeps moving averages of the weights with this decay, below 1, and evaluates them, too; the better network is the result. */
  readonly ema?: number | undefined;
  /** Stops when as many epochs have not improved the test result. Default: never. */
  readonly stopAfter?: number | undefined;
  /** The run directory for events and checkpoints; null writes nothing. */
  readonly run: RunDirectory | null;
  /** Resumes from the newest checkpoint of `run`, if there is one. Default false. */
  readonly resume?: boolean;
  readonly controller?: Controller;
  /** Stops after the current step: writes a checkpoint and throws `interrupted`. */
  readonly signal?: AbortSignal;
  /** Called with the operators that the trainer runs in another engine. */
  readonly onFallback?: (operators: readonly string[]) => void;
  /** Called with a problem that does not end the run, such as a damaged checkpoint. */
  readonly onWarning?: (line: string) => void;
  /** Called with a decision of the run, such as the learning rate that a range test finds. */
  readonly onNote?: (line: string) => void;
  readonly onStep?: (progress: StepProgress) => void;
  readonly onEpoch?: (epoch: EpochResult) => void;
}

/**
 * Extends a training run: adds trained state, sets scalars in each step, and builds the network that a training state
 * represents.
 */
export interface Controller {
  readonly extensions: readonly StepExtension[];
  /** Values of the extension's scalars for the next step. */
  scalars(): Readonly<Record<string, number>>;
  /** Called with the state after each step. */
  afterStep(moment: RunPosition, state: () => Tensors): void;
  /** Called after `afterStep`: returns state to overwrite, by name, or null. */
  overwrite?(moment: RunPosition, state: () => Tensors): Tensors | null | Promise<Tensors | null>;
  /** The network that a training state represents. `network` is the network in training, which may have been shrunk. */
  network(network: Graph, state: Tensors): Graph;
  /**
   * Called at the end of an epoch. Returns the network without parts that no longer contribute, and its state; null if
   * nothing can be removed.
   */
  shrink?(network: Graph, state: Tensors): { network: Graph; state: Tensors } | null;
  /** Repeats, on the initial network, the removals recorded in the restored state. */
  shrunk?(network: Graph): Graph;
  /** Whether removal has finished; until then, no run stops early. Default: it has. */
  isSettled?(): boolean;
  /** Metrics of an epoch for the report, in addition to loss and accuracy. */
  metrics(state: Tensors): Readonly<Record<string, number>>;
  /** Additional events to record at the end of an epoch, about the network that the state represents. */
  events?(network: Graph): readonly RunEvent[];
  /** State of the controller for checkpoints, as plain JSON. */
  save(): unknown;
  restore(saved: unknown): void;
}

/** The position of a run after a step. */
export interface RunPosition {
  /** Steps done since the start of the run. */
  readonly step: number;
  readonly totalSteps: number;
  readonly learningRate: number;
}

/** The progress within an epoch. */
export interface StepProgress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Images processed in this epoch, and images per epoch. */
  readonly images: number;
  readonly ofImages: number;
  /** The mean loss of the epoch so far. */
  readonly loss: number;
}

/** The results of one epoch. Losses are means over images; accuracies are in [0, 1]. */
export interface EpochResult {
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  /** Only for tasks with the metric `correct`. */
  readonly trainAccuracy?: number;
  readonly testAccuracy?: number;
  readonly testLoss?: number;
  /** By output, for tasks with targets for outputs: see {@link TaskEvaluation}. */
  readonly outputErrors?: TaskEvaluation['outputErrors'];
  readonly agreements?: TaskEvaluation['agreements'];
  /** Test results of the averaged weights. */
  readonly averaged?: Readonly<Record<string, number>>;
  readonly learningRate: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly metrics: Readonly<Record<string, number>>;
}
