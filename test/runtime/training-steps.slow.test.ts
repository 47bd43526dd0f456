import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { buildModel } from '../../src/models/index.ts';
import { toNumbers } from '../../src/numeric/tensor.ts';
import { bindDimensions } from '../../src/rewrite/index.ts';
import { chooseExecutor } from '../../src/runtime/choose.ts';
import type { Executor } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { filterSkeleton } from '../../src/stripes/skeleton.ts';
import type { StepGraphOptions } from '../../src/training/step-graph.ts';
import { classification } from '../../src/training/tasks/classification.ts';
import { openTrainingStep } from '../../src/training/training-step.ts';
import { copied, expectNear, hasOnednn } from '../support/executors.ts';
import { normals } from '../support/run-graph.ts';
import { classifier, convolutionLayer } from '../support/small-network.ts';

/** Small enough that rounding does not grow from step to step. */
const LEARNING_RATE = 1e-3;

interface Training {
  readonly network: Graph;
  readonly batch: number;
  readonly steps: number;
  readonly options: () => StepGraphOptions;
  /** State that must agree after the last step. */
  readonly compared: RegExp;
}

/** Losses step by step, and the state after the last; new random images each step. */
async function trained(executor: Executor, { network, batch, steps, options }: Training) {
  const model = bindDimensions(network, batch);
  const step = await openTrainingStep(model, { ...options(), executor, threads: 1 });
  const shape = model.inputs[0]!.shape as number[];
  const classes = model.outputs[0]!.shape![1] as number;
  const losses: number[] = [];
  for (let i = 1; i <= steps; i++) {
    const { loss } = await step.run({
      images: normals(shape, i).data,
      labels: BigInt64Array.from({ length: batch }, (_, n) => BigInt((n * 3 + i) % classes)),
      scalars: { learningRate: LEARNING_RATE, step: i, alpha: 1e-3, threshold: 0.01 },
      keys: [0, i],
    });
    losses.push(loss);
  }
  const state = copied(step.state());
  await step.close();
  return { losses, state };
}

/** Two convolutions and a pool, twice, with batch normalisation; then a hidden layer. */
function vggLike(): Graph {
  const graph = emptyGraph('vgg-like');
  const g = builderOf(graph);
  let x = g.input('input', 'float32', ['N', 3, 16, 16]);
  [10, 17, 24, 33].forEach((filters, i) => {
    x = g.Relu(convolutionLayer(g, x, `conv${i + 1}`, { filters, seed: i + 1 }));
    if (i % 2) x = g.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] }, 1)[0]!;
  });
  g.output(classifier(g, x, 10), 'logits');
  return graph;
}

const task = classification();
const sgd: StepGraphOptions = { task, optimizer: 'sgd', momentum: 0.9, weightDecay: 1e-4 };
// Among millions of activations a few lie so near to 0 that rounding decides whether their gradient passes: momenta, and
// biases that come from 0, then differ by percents.
const resnet20 = {
  network: buildModel('resnet20'),
  batch: 16,
  steps: 20,
  compared: /\.(weight|running_mean|running_var|skeleton|mask)$/,
};
const vgg = { network: vggLike(), batch: 8, steps: 20, compared: /$/ };

const trainings: Readonly<Record<string, Training>> = {
  resnet20: { ...resnet20, options: () => sgd },
  'resnet20 with filter skeletons': {
    ...resnet20,
    options: () => ({ ...sgd, extensions: [filterSkeleton({ weightDecay: 1e-4 })] }),
  },
  'a network with MaxPool': {
    ...vgg,
    options: () => ({ ...sgd, task: classification({ labelSmoothing: 0.1 }), nesterov: true }),
  },
  'a network with MaxPool, with AdamW': {
    ...vgg,
    options: () => ({ task, optimizer: 'adamw', weightDecay: 0.01 }),
  },
  'a network with MaxPool and skeletons, decay on weights alone': {
    ...vgg,
    options: () => ({
      ...sgd,
      decoupledWeightDecay: true,
      noDecayOn: ['scale', 'bias'],
      extensions: [filterSkeleton()],
    }),
  },
};

describe.skipIf(!hasOnednn)('both executors train alike', () => {
  it.each(Object.keys(trainings))('20 steps of %s', async (name) => {
    const training = trainings[name]!;
    const expected = await trained(onnxruntime, training);
    const actual = await trained((await chooseExecutor('onednn')).executor, training);
    expect(new Set(expected.losses).size).toBe(training.steps);
    expected.losses.forEach((loss, i) => {
      expect(Math.abs(actual.losses[i]! / loss - 1), `step ${i + 1}: ${loss}`).toBeLessThan(1e-4);
    });
    expect(Object.keys(actual.state).toSorted()).toEqual(Object.keys(expected.state).toSorted());
    for (const [state, tensor] of Object.entries(expected.state)) {
      if (!training.compared.test(state)) continue;
      if (state.endsWith('.mask')) expect(toNumbers(actual.state[state]!)).toEqual(toNumbers(tensor));
      expectNear(actual.state[state]!, toNumbers(tensor), { tolerance: 1e-2, floor: 1e-3, what: state });
    }
  });
});
