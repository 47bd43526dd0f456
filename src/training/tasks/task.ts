import type { ImageSource } from '../../data/image-source.ts';
import type { Builder } from '../../graph/builder.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import type { EvaluateOptions } from '../../measure/accuracy.ts';
import type { DataType } from '../../numeric/tensor.ts';
import type { Executor, Tensors } from '../../runtime/executor.ts';

/**
 * What a network is trained for: the loss of a batch, as a graph, what it reads beside the images, and what is measured.
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
  /** The network with what the task stores in it; throws where it cannot be trained for the task. Default: as it is. */
  accept?(network: Graph): Graph;
  /** The values of a network that the loss reads; parameters on which none of them depends are left as they are. */
  reads(network: Graph): readonly Value[];
  /** Appends the loss and the metrics of a batch. */
  loss(scope: LossScope): TaskLoss;
  /** Feeds the inputs that the loss declares; called once for each training step that is compiled. Default: there are none. */
  open?(context: TaskContext): Promise<TaskFeeds>;
  /** Measures a network on test images after an epoch. Default: nothing is measured. */
  evaluate?(network: Graph, images: ImageSource, options: EvaluateOptions): Promise<TaskEvaluation>;
}

/** The step graph under construction, as a task sees it. */
export interface LossScope {
  readonly g: Builder;
  /** The normalised images [N, C, H, W]. */
  readonly images: Value;
  /** What the values that the task reads are while training. */
  readonly values: readonly Value[];
  /** An input of the step, which {@link TaskFeeds} feeds by this name. */
  input(name: string, dtype: DataType, shape: readonly number[]): Value;
}

/** The results of a batch. */
export interface TaskLoss {
  /** A scalar: the mean over the images. */
  readonly loss: Value;
  /** Scalars: sums over the images, of which means are reported; that of `correct` is the training accuracy. */
  readonly metrics?: Readonly<Record<string, Value>>;
}

/** What runs the training step. */
export interface TaskContext {
  readonly executor: Executor;
  readonly threads?: number | undefined;
}

/** What an open task gives to each step. */
export interface TaskFeeds {
  /** The inputs that the loss declared, by name. */
  feeds(batch: TaskBatch): Promise<Tensors>;
  close(): Promise<void>;
}

/** A batch as it is fed: augmented and normalised images [N, C, H, W], and their labels. */
export interface TaskBatch {
  readonly images: Float32Array;
  readonly labels: BigInt64Array;
}

/** Results on test images. */
export interface TaskEvaluation {
  /** The epoch of the highest score is the best. */
  readonly score: number;
  /** In [0, 1]. */
  readonly testAccuracy?: number;
  readonly testLoss?: number;
  readonly metrics?: Readonly<Record<string, number>>;
}
