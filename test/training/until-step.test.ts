import { expect, it } from 'vitest';
import { latestCheckpoint } from '../../src/training/checkpoint.ts';
import { createRunDirectory, makeRecipe } from '../../src/training/run-directory.ts';
import type { Progress } from '../../src/training/session.ts';
import { train } from '../../src/training/train.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { trainingOptions } from '../support/training-options.ts';

it('training that stops at steps and goes on ends where it would have ended, bit for bit', async () => {
  const whole = await train(trainingOptions(plainNetwork()));
  const run = createRunDirectory(temporaryFolder(), makeRecipe('train', {}, {}));
  const stood: [number, number][] = [];
  // 3 epochs of 4 steps: within an epoch, at the end of one, at the end of the run, and past it.
  for (const untilStep of [3, 8, 8, 12, 15]) {
    const options = trainingOptions(plainNetwork(), { run, resume: true, untilStep, evaluateEvery: 0 });
    await train(options);
    const { epoch, stepInEpoch } = latestCheckpoint<Progress>(run.path)!.progress;
    stood.push([epoch, stepInEpoch]);
  }
  expect(stood).toEqual([
    [0, 3],
    [2, 0],
    [2, 0],
    [3, 0],
    [3, 0],
  ]);
  const { tensors } = latestCheckpoint(run.path)!;
  for (const [name, { data }] of Object.entries(whole.state)) expect(tensors[name]!.data).toEqual(data);
  const epochs = run.readEvents().filter(({ type }) => type === 'epoch');
  expect(epochs.map(({ step, testAccuracy }) => [step, testAccuracy])).toEqual([
    [4, undefined],
    [8, undefined],
    [12, undefined],
  ]);
});
