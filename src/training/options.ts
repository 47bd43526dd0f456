import type { Augmentation, AugmentationName } from '../data/augmentations/index.ts';
import type { DataSet } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import type { Graph } from '../graph/graph.ts';
import type { Executor, Tensors } from '../runtime/executor.ts';
import type { OptimizerSettings } from './optimizers.ts';
import type { RunDirectory } from './run-directory.ts';
import type { ScheduleSettings } from './schedules.ts';
import type { StepExtension } from './step-graph.ts';
import type { TrainingTask } from './tasks/task.ts';

/** Options of `train`. */
export interface TrainOptions extends OptimizerSettings, Omit<ScheduleSettings, 'warmupSteps'> {
  /** The network, from {@link prepareNetwork}. */
  readonly network: Graph;
  readonly data: DataSet;
  readonly preprocessing: Preprocessing;
  /** What evaluates and verifies. */
  readonly executor: Executor;
  /** What runs the training step; default: the same. */
  readonly trainer?: Executor;
  readonly epochs: number;
  /** Stops after as many steps of the run, with a checkpoint, to be gone on with later. Default: all. */
  readonly untilStep?: number;
  readonly batch: number;
  readonly seed: number;
  readonly augmentation: AugmentationName | Augmentation;
  /** What the network is trained for; default: classification. */
  readonly task?: TrainingTask;
  /** Of classification: the output with class scores; default: found by its shape and the classes of the data. */
  readonly logits?: string | undefined;
  /** Of classification. Default 0. */
  readonly labelSmoothing?: number;
  /** Default 0. */
  readonly warmupEpochs?: number;
  readonly threads?: number;
  /** Evaluate on the test images after each n-th epoch, and after the last; 0: never. Default 1. */
  readonly evaluateEvery?: number;
  /** A checkpoint after as many seconds, besides those at the ends of epochs. Default 60. */
  readonly checkpointSeconds?: number;
  /** Where events and checkpoints go; null keeps none. */
  readonly run: RunDirectory | null;
  /** Go on from the newest checkpoint of `run`, if it has one. */
  readonly resume?: boolean;
  readonly controller?: Controller;
  /** Stops after the current step, with a checkpoint, by EspalierError('interrupted'). */
  readonly signal?: AbortSignal;
  /** Told which operators the trainer leaves to another engine. */
  readonly onFallback?: (operators: readonly string[]) => void;
  /** Told what is wrong and does not end the run: a checkpoint that is broken. */
  readonly onWarning?: (line: string) => void;
  readonly onStep?: (progress: StepProgress) => void;
  readonly onEpoch?: (epoch: EpochResult) => void;
}

/** Extends a training run: adds trained state, sets scalars in each step, and builds the network that a state represents. */
export interface Controller {
  readonly extensions: readonly StepExtension[];
  /** Scalars of the next step, beside learningRate and step. */
  scalars(): Readonly<Record<string, number>>;
  /** Looks at the state after a step. */
  afterStep(moment: RunPosition, state: () => Tensors): void;
  /** Then changes state itself, beside what the step computes: what to write, by name; null: nothing. */
  overwrite?(moment: RunPosition, state: () => Tensors): Tensors | null;
  /** The network that a state stands for; `network` is the one in training, smaller than at first once it has shrunk. */
  network(network: Graph, state: Tensors): Graph;
  /** At the end of an epoch: the network in training without what has no part in it any more; null: nothing to cut. */
  shrink?(network: Graph, state: Tensors): { network: Graph; state: Tensors } | null;
  /** The network at first without all that had been cut when the restored state was saved. */
  shrunk?(network: Graph): Graph;
  /** What the report shows of an epoch, beside loss and accuracy. */
  metrics(state: Tensors): Readonly<Record<string, number>>;
  /** The controller's own state, plain JSON, for checkpoints. */
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

/** How far an epoch is. */
export interface StepProgress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Images seen in this epoch, and in all of it. */
  readonly images: number;
  readonly ofImages: number;
  /** The mean loss of the epoch so far. */
  readonly loss: number;
}

/** The results of one epoch. Losses are means over images, accuracies are in [0, 1]. */
export interface EpochResult {
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  /** Of a task whose loss counts what is correct. */
  readonly trainAccuracy?: number;
  readonly testAccuracy?: number;
  readonly testLoss?: number;
  readonly learningRate: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly metrics: Readonly<Record<string, number>>;
}
