import { expect, it, test } from 'vitest';
import { bindDimensions } from '../../../src/rewrite/index.ts';
import type { Executor } from '../../../src/runtime/executor.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { prepareNetwork } from '../../../src/training/prepare.ts';
import { classification } from '../../../src/training/tasks/classification.ts';
import { augmentationOf } from '../../../src/training/tasks/index.ts';
import type { TaskBatch, TrainingTask } from '../../../src/training/tasks/task.ts';
import { train } from '../../../src/training/train.ts';
import { openTrainingStep } from '../../../src/training/training-step.ts';
import { copied, describeExecutors } from '../../support/executors.ts';
import { normals } from '../../support/run-graph.ts';
import { plainNetwork } from '../../support/small-network.ts';
import { trainingOptions } from '../../support/training-options.ts';

const first = BigInt64Array.from([0n, 1n, 2n, 3n]);
const second = BigInt64Array.from([1n, 2n, 3n, 0n]);
const SHARE = 0.3;

/** One step of SGD of rate 1: the loss, the part of the images that are right, and the gradient of every parameter. */
async function stepOf(executor: Executor, task: TrainingTask, batch: Omit<TaskBatch, 'images'>) {
  const model = bindDimensions(plainNetwork({ widths: [5] }), 4);
  const step = await openTrainingStep(model, { task, optimizer: 'sgd', momentum: 0, executor, threads: 1 });
  const before = copied(step.state());
  const images = normals([4, 3, 8, 8], 1).data as Float32Array;
  const { loss, metrics } = await step.run({
    images,
    ...batch,
    scalars: { learningRate: 1, step: 1 },
    keys: [0],
  });
  const after = copied(step.state());
  await step.close();
  const names = Object.keys(before).filter((name) => /weight$|scale$|shift$|bias$/.test(name));
  const numbers = (state: typeof before) =>
    names.flatMap((name) => Array.from(state[name]!.data as Float32Array));
  const now = numbers(after);
  return { loss, correct: metrics.correct!, gradient: numbers(before).map((w, i) => w - now[i]!) };
}

describeExecutors('two labels for each image', (executor) => {
  it('have the losses, hits and gradients of both, by their shares', async () => {
    const smoothed = { labelSmoothing: 0.1 };
    const one = await stepOf(executor, classification(smoothed), { labels: first });
    const two = await stepOf(executor, classification(smoothed), { labels: second });
    const mixture = { labels: second, share: SHARE };
    const both = await stepOf(executor, classification({ ...smoothed, mixes: true }), {
      labels: first,
      mixture,
    });
    const blend = (a: number, b: number) => SHARE * a + (1 - SHARE) * b;
    expect(both.loss).toBeCloseTo(blend(one.loss, two.loss), 5);
    expect(both.correct).toBeCloseTo(blend(one.correct, two.correct), 5);
    both.gradient.forEach((slope, i) => {
      expect(slope).toBeCloseTo(blend(one.gradient[i]!, two.gradient[i]!), 5);
    });
  });
});

test('a network trains on mixtures, and stays a classifier of single images', async () => {
  const network = await prepareNetwork(plainNetwork(), onnxruntime);
  const augmentation = ['flip', 'mixup', 'cutmix'] as const;
  const { epochs } = await train(trainingOptions(network, { epochs: 6, learningRate: 0.1, augmentation }));
  expect(epochs.at(-1)!.loss).toBeLessThan(epochs[0]!.loss);
  expect(epochs.at(-1)!.testAccuracy).toBeGreaterThan(0.5);
});

test('images of a task without labels are not changed unless it is asked for', () => {
  const { augmentation: _, ...options } = trainingOptions(plainNetwork());
  const task: TrainingTask = { ...classification(), name: 'other', augmentation: undefined };
  expect(augmentationOf(options)).toBe('pad-crop-flip');
  expect(augmentationOf({ ...options, task })).toBe('none');
  expect(augmentationOf({ ...options, task, augmentation: 'flip' })).toBe('flip');
});
