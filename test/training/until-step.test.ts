import { expect, it } from 'vitest';
import { latestCheckpoint } from '../../src/training/checkpoint.ts';
import { createRunDirectory, makeRecipe } from '../../src/training/run-directory.ts';
import type { RunProgress } from '../../src/training/session.ts';
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
    const { epoch, stepInEpoch } = latestCheckpoint<RunProgress>(run.path)!.progress;
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

it('an epoch that was stopped after its last step is finished before what follows it', async () => {
  const whole = createRunDirectory(temporaryFolder(), makeRecipe('train', {}, {}));
  await train(trainingOptions(plainNetwork(), { run: whole }));
  const run = createRunDirectory(temporaryFolder(), makeRecipe('train', {}, {}));
  const controller = new AbortController();
  const stopped = train(
    trainingOptions(plainNetwork(), {
      run,
      signal: controller.signal,
      onStep: ({ images, ofImages }) => void (images === ofImages && controller.abort()),
    }),
  );
  await expect(stopped).rejects.toThrow('interrupted');
  const progress = () => latestCheckpoint<RunProgress>(run.path)!.progress;
  expect(progress()).toMatchObject({ epoch: 0, stepInEpoch: 4 });
  await train(trainingOptions(plainNetwork(), { run, resume: true, untilStep: 4 }));
  expect(progress()).toMatchObject({ epoch: 1, stepInEpoch: 0 });
  // Of a process that died between the record of the epoch and its checkpoint.
  run.record({ type: 'epoch', epoch: 2, step: 4 });
  await train(trainingOptions(plainNetwork(), { run, resume: true }));
  const accuracies = ({ readEvents }: typeof run) =>
    readEvents().map(({ type, epoch, testAccuracy }) => [type, epoch, testAccuracy]);
  expect(accuracies(run)).toEqual(accuracies(whole));
});

it('what is due at the last step of an epoch is written once the epoch is evaluated', async () => {
  const run = createRunDirectory(temporaryFolder(), makeRecipe('train', {}, {}));
  const standings: unknown[] = [];
  const onStep = () => {
    const found = latestCheckpoint<RunProgress>(run.path)?.progress;
    standings.push(found && [found.epoch, found.stepInEpoch]);
  };
  await train(trainingOptions(plainNetwork(), { run, checkpointSeconds: 0, epochs: 2, onStep }));
  const [first, second] = [0, 1].map((epoch) => [1, 2, 3].map((step) => [epoch, step]));
  expect(standings).toEqual([undefined, ...first!, [1, 0], ...second!]);
});
