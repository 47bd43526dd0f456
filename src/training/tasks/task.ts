import type { AugmentationSetting } from '../../data/augmentations/index.ts';
import type { Mixture } from '../../data/batches/prepare.ts';
import type { ImageSource } from '../../data/image-source.ts';
import type { Builder } from '../../graph/builder.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import type { EvaluateOptions } from '../../measure/accuracy.ts';
import type { DataType } from '../../numeric/tensor.ts';
import type { Executor, Tensors } from '../../runtime/executor.ts';

/**
 * A training task: the loss of a batch as a graph, its inputs in addition to the images, and the metrics.
 *
 * @example
 * // The output is trained to be the image.
 * const autoencoder: TrainingTask = {
 *   name: 'autoencoder',
 *   reads: ({ outputs }) => outputs,
 *   loss({ g, images, values: [output] }) {
 *     const difference = g.Sub(output!, images);
 *     return { loss: g.ReduceMean(g.Mul(difference, difference), null, { keepdims: 0 }) };
 *   },
 * };
 */
export interface TrainingTask {
  readonly name: string;
  /** Augmentation of the training images if none is given. Default: none. */
  readonly augmentation?: AugmentationSetting;
  /**
   * Prepares a network for the task, for example by storing metadata; throws if it cannot be trained for the task. Default:
   * returns the network unchanged.
   */
  accept?(network: Graph): Graph;
  /** The values of a network that the loss reads. Parameters that do not contribute to any of them are not trained. */
  reads(network: Graph): readonly Value[];
  /** Appends the loss and metrics of a batch to the step graph. */
  loss(scope: LossScope): TaskLoss;
  /** Opens the source of the inputs that the loss declares; called once per compiled training step. Default: no inputs. */
  open?(context: TaskContext): Promise<TaskFeeds>;
  /** Evaluates a network on test images after an epoch. Default: no evaluation. */
  evaluate?(network: Graph, images: ImageSource, options: EvaluateOptions): Promise<TaskEvaluation>;
}

/** The step graph under construction, for a task. */
export interface LossScope {
  readonly g: Builder;
  /** The network in training, with fixed shapes. */
  readonly network: Graph;
  /** The preprocessed images [N, C, H, W]. */
  readonly images: Value;
  /** The values of `reads`, in their training form. */
  readonly values: readonly Value[];
  /** Declares an input of the step, for which {@link TaskFeeds} provides values under this name. */
  input(name: string, dtype: DataType, shape: readonly number[]): Value;
}

/** The loss and metrics of a batch. */
export interface TaskLoss {
  /** A scalar: the mean loss over the images. */
  readonly loss: Value;
  /** Terms of the loss by name, for the message about a loss that is not finite. */
  readonly parts?: Readonly<Record<string, Value>>;
  /** Scalars, each the sum over the images; means are reported. The metric `correct` is reported as training accuracy. */
  readonly metrics?: Readonly<Record<string, Value>>;
}

/** The environment of a task: what runs the training step. */
export interface TaskContext {
  /** The network in training, with fixed shapes. */
  readonly network: Graph;
  readonly executor: Executor;
  readonly threads?: number | undefined;
}

/** Provides the inputs of each step. */
export interface TaskFeeds {
  /** Values of the inputs that the loss declared, by name. */
  feeds(batch: TaskBatch): Promise<Tensors>;
  close(): Promise<void>;
}

/** A batch: augmented and preprocessed images [N, C, H, W], and their labels. */
export interface TaskBatch {
  readonly images: Float32Array;
  readonly labels: BigInt64Array;
  /** With mixup or cutmix, the labels of the images that were mixed in. */
  readonly mixture?: Mixture;
}

/** Results on the test images. */
export interface TaskEvaluation {
  /** The epoch with the highest score is the best. */
  readonly score: number;
  /** In [0, 1]. */
  readonly testAccuracy?: number;
  readonly testLoss?: number;
  /** By output: the relative error against its target. */
  readonly outputErrors?: Readonly<Record<string, number>>;
  /** By output of class scores: the part, in [0, 1], of the images (or positions of a map) with the class of the target. */
  readonly agreements?: Readonly<Record<string, number>>;
  readonly metrics?: Readonly<Record<string, number>>;
}
