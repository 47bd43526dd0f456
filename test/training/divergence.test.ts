import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { openTraining } from '../../src/training/open-training.ts';
import type { TrainOptions } from '../../src/training/options.ts';
import { createRunDirectory, makeRecipe } from '../../src/training/run-directory.ts';
import { distillation } from '../../src/training/tasks/distillation/distillation.ts';
import { train } from '../../src/training/train.ts';
import { describeExecutors } from '../support/executors.ts';
import { boxes, headedNetwork } from '../support/headed-network.ts';
import { classifier, convolutionLayer, plainNetwork } from '../support/small-network.ts';
import { syntheticImages } from '../support/synthetic-images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { trainingOptions } from '../support/training-options.ts';

const folder = () => createRunDirectory(temporaryFolder(), makeRecipe('train', {}, {}));

/** Its exponential overflows once its weights are large. */
function exponential(): Graph {
  const g = builderOf(emptyGraph('exponential'));
  const x = g.input('images', 'float32', ['N', 3, 8, 8]);
  const first = g.Relu(convolutionLayer(g, x, 'first', { filters: 4, seed: 1 }));
  const second = convolutionLayer(g, first, 'second', { filters: 4, kernel: 1, seed: 2 });
  g.output(classifier(g, g.named('growth').Exp(second), 4), 'logits');
  return g.graph;
}

const failing = (options: TrainOptions) =>
  train({ ...options, momentum: 0 }).then(
    () => '',
    (error: Error) => error.message,
  );

describeExecutors('a loss that is not finite', (trainer) => {
  it('names the first layer whose output was not, and the last good checkpoint', async () => {
    const run = folder();
    const options = trainingOptions(exponential(), { trainer, run, schedule: 'step', milestones: [] });
    await train({ ...options, untilStep: 2 });
    const message = await failing({ ...options, resume: true, learningRate: 1e8 });
    expect(message).toMatch(
      /^epoch 1, step [34]: the loss became \S+: the output of growth \(Exp\) was not finite first; lower/,
    );
    expect(message).toContain('the last good checkpoint is checkpoint.2.safetensors');
  });

  it('names the output of a teacher whose loss was not', async () => {
    const [student, teacher] = [headedNetwork(1, boxes), headedNetwork(2, boxes)];
    const options = trainingOptions(student, { trainer });
    const losses = { box: { loss: 'mse', weight: 1e39 } } as const;
    const task = await distillation(student, { ...options, teacher, losses });
    expect(await failing({ ...options, task })).toMatch(
      /^epoch 1, step 1: the loss became \S+: the loss of box was not finite first/,
    );
  });

  it('is not waited for where a parameter has become infinite: no checkpoint stores it', async () => {
    const run = folder();
    const options = trainingOptions(plainNetwork(), { trainer, run, batch: 64, learningRate: 1e39 });
    expect(await failing(options)).toMatch(/^epoch 1, step 2: \S+ became infinite or NaN; lower/);
    expect(readdirSync(run.path).filter((name) => name.includes('safetensors'))).toEqual([]);
  });
});

it('a network without parameters to train is refused, with what it has instead', async () => {
  const g = builderOf(emptyGraph('fixed'));
  const x = g.input('images', 'float32', ['N', 3, 8, 8]);
  g.output(g.Flatten(g.ReduceMean(g.Sub(x, g.floats([1, 2, 3], [1, 3, 1, 1])), g.int64s([2, 3]))), 'means');
  const { data, preprocessing } = trainingOptions(g.graph);
  const opening = { data, preprocessing, epochs: 1, executor: onnxruntime, distill: {} };
  await expect(openTraining(g.graph, opening)).rejects.toThrow(
    /^fixed: expected parameters on which the outputs depend, found none to train; constant is an operand of Sub/,
  );
});

it('a first epoch that is no better than guessing is warned of', async () => {
  const warnings = async (learningRate: number) => {
    const lines: string[] = [];
    const onWarning = (line: string) => lines.push(line);
    const options = trainingOptions(plainNetwork(), { learningRate, batch: 2, epochs: 2, onWarning });
    const { test } = options.data;
    const images = syntheticImages({ count: 208, size: 8, channels: 3, classes: 4, seed: 1 });
    await train({ ...options, data: { name: 'synthetic', train: images, test } });
    return lines;
  };
  expect(await warnings(0.05)).toEqual([]);
  const [line, ...others] = await warnings(3);
  expect(line).toMatch(/^epoch 1 was no better than guessing among 4 classes \(loss \d.*%\): warm up/);
  expect(others).toEqual([]);
});
