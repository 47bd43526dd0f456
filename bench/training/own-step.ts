import { EspalierError } from '../../src/errors.ts';
import { type Graph, staticShape, type Value } from '../../src/graph/graph.ts';
import { buildModel } from '../../src/models/index.ts';
import { random } from '../../src/numeric/random.ts';
import { randomTensor } from '../../src/numeric/random-tensor.ts';
import { elementCount } from '../../src/numeric/tensor.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { bindDimensions } from '../../src/rewrite/index.ts';
import type { Executor } from '../../src/runtime/executor.ts';
import { filterSkeleton } from '../../src/stripes/skeleton.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { classification } from '../../src/training/tasks/classification.ts';
import type { TrainingTask } from '../../src/training/tasks/task.ts';
import { openTrainingStep } from '../../src/training/training-step.ts';

/** What is trained, and how. */
export interface OwnWork {
  /** A name of the zoo, or an .onnx file. */
  readonly network: string;
  readonly batch: number;
  readonly threads: number;
  /** Trains filter skeletons too. */
  readonly skeleton: boolean;
}

/** A training step on one batch of random images: SGD with momentum and weight decay. */
export interface OwnStep {
  /** Runs a step; the first is 1. Throws `diverged` where the loss is not finite. */
  run(step: number): Promise<void>;
  close(): Promise<void>;
}

const CLASSES = 10;

/** Compiles the step: class scores are trained to random labels, all other results to random maps. */
export async function openOwnStep(
  { network, batch, threads, skeleton }: OwnWork,
  executor: Executor,
): Promise<OwnStep> {
  const model = await modelOf(network, batch, executor);
  const [result] = model.outputs as [Value];
  const isClassifier = staticShape(result).length === 2;
  const training = await openTrainingStep(model, {
    task: isClassifier ? classification() : toRandomMaps(result),
    optimizer: 'sgd',
    momentum: 0.9,
    weightDecay: 1e-4,
    extensions: skeleton ? [filterSkeleton()] : [],
    executor,
    threads,
  });
  const images = randomFloats('images', staticShape(model.inputs[0]!));
  const { integer } = random(2);
  const labels = BigInt64Array.from({ length: batch }, () => BigInt(integer(CLASSES)));
  const scalars = { learningRate: 0.1, alpha: 1e-5, threshold: 0.01 };
  return {
    async run(step) {
      const { loss } = await training.run({ images, labels, scalars: { ...scalars, step }, keys: [0, step] });
      // Arithmetic on NaN or infinities may run at another speed.
      if (!Number.isFinite(loss))
        throw new EspalierError('diverged', `step ${step}: expected a loss, got ${loss}`);
    },
    close: () => training.close(),
  };
}

async function modelOf(network: string, batch: number, executor: Executor): Promise<Graph> {
  if (!network.endsWith('.onnx')) return bindDimensions(buildModel(network), batch);
  return await prepareNetwork(bindDimensions(readModelFile(network), batch), executor);
}

/** The mean squared error of a network's only result to random maps. */
function toRandomMaps(result: Value): TrainingTask {
  const shape = staticShape(result);
  return {
    name: 'random maps',
    reads: ({ outputs }) => outputs,
    loss({ g, values, input }) {
      const difference = g.Sub(values[0]!, input('maps', 'float32', shape));
      const sum = g.ReduceSum(g.Mul(difference, difference), null, { keepdims: 0 });
      return { loss: g.Mul(sum, g.floats(1 / elementCount(shape))) };
    },
    open: async () => {
      const maps = randomTensor({ name: 'maps', dtype: 'float32', shape }, random(3));
      return { feeds: async () => ({ maps }), close: async () => {} };
    },
  };
}

const randomFloats = (name: string, shape: readonly number[]): Float32Array =>
  randomTensor({ name, dtype: 'float32', shape }, random(1)).data as Float32Array;
