import { expect, it } from 'vitest';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { createRunDirectory, makeRecipe } from '../../../src/training/run-directory.ts';
import { distillation } from '../../../src/training/tasks/distillation/distillation.ts';
import { train } from '../../../src/training/train.ts';
import { detector, headedNetwork, softmax } from '../../support/headed-network.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { trainingOptions } from '../../support/training-options.ts';

const distilled = { schedule: 'cosine', optimizer: 'adamw', learningRate: 0.02, weightDecay: 0 } as const;

it('a network approaches its teacher, and a resumed run ends as an uninterrupted one', async () => {
  const { data, preprocessing } = trainingOptions(headedNetwork(1, detector));
  const [student, teacher] = [headedNetwork(1, detector), headedNetwork(2, detector)];
  const settings = { teacher, data, preprocessing, executor: onnxruntime, batch: 16 };
  const options = trainingOptions(student, {
    ...distilled,
    epochs: 100,
    task: await distillation(student, settings),
  });
  const { state, epochs } = await train({ ...options, evaluateEvery: 100 });
  const before = await train({ ...options, epochs: 1, learningRate: 0 });
  const error = (of: typeof epochs) => of.at(-1)!.metrics.outputError!;
  expect(error(epochs)).toBeLessThan(error(before.epochs) / 5);
  const run = createRunDirectory(temporaryFolder(), makeRecipe('train', {}, {}));
  for (const untilStep of [37, 300])
    await train({
      ...options,
      task: await distillation(student, settings),
      run,
      resume: true,
      untilStep,
      evaluateEvery: 100,
    });
  const resumed = await train({ ...options, run, resume: true });
  for (const [name, { data }] of Object.entries(state)) expect(resumed.state[name]!.data).toEqual(data);
});

it("class scores are measured by how often both networks' highest is the same", async () => {
  const [student, teacher] = [headedNetwork(1, softmax), headedNetwork(5, softmax)];
  const { data, preprocessing } = trainingOptions(student);
  const task = await distillation(student, {
    teacher,
    data,
    preprocessing,
    executor: onnxruntime,
    batch: 16,
  });
  const { epochs } = await train(
    trainingOptions(student, { ...distilled, epochs: 30, evaluateEvery: 30, task }),
  );
  const [first, last] = [epochs[0]!, epochs.at(-1)!].map(
    ({ metrics }) => metrics['agreement of classes (fc)']!,
  );
  expect(last).toBeGreaterThan(Math.max(0.9, first!));
  expect(last).toBeLessThanOrEqual(1);
  expect(epochs.at(-1)!.agreements!['classes (fc)']).toBeGreaterThan(0.7);
  expect(epochs.at(-1)!.metrics.outputError).toBeLessThan(0.5);
});
