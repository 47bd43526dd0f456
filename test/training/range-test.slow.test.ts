import { join } from 'node:path';
import { expect, test } from 'vitest';
import { graft } from '../../src/grafting/graft.ts';
import { foldNetwork } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { createRunDirectory, makeRecipe, type RunDirectory } from '../../src/training/run-directory.ts';
import { train } from '../../src/training/train.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { trainingOptions } from '../support/training-options.ts';

const newRun = (): RunDirectory =>
  createRunDirectory(join(temporaryFolder(), 'run'), makeRecipe('train', {}, {}));

const rangeTests = (run: RunDirectory) => run.readEvents().filter(({ type }) => type === 'range-test');

/** Three convolutions with large weights: their BatchNormalization was folded away. */
async function withoutNormalization() {
  const given = plainNetwork({ widths: [16, 16, 16] });
  for (const { name, tensor } of given.initializers)
    if (name.endsWith('.scale')) (tensor!.data as Float32Array).fill(6);
  const { graph } = await foldNetwork(given, { executor: onnxruntime });
  expect(graph.nodes.some(({ op }) => op === 'BatchNormalization')).toBe(false);
  return prepareNetwork(graph, onnxruntime);
}

test('auto finds a rate at which a network trains that diverges at the default', async () => {
  const network = await withoutNormalization();
  await expect(train(trainingOptions(network, { learningRate: 0.1 }))).rejects.toThrow(/NaN|Infinity/);
  const lines: string[] = [];
  const { epochs } = await train(
    trainingOptions(network, { learningRate: 'auto', onNote: (line) => lines.push(line) }),
  );
  const losses = epochs.map(({ loss }) => loss);
  expect(losses).toEqual(losses.toSorted((a, b) => b - a));
  expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]!);
  expect(lines).toEqual([expect.stringMatching(/^learning rate [\d.]+: a tenth of [\d.]+, where the loss/)]);
});

test('a resumed run keeps the rate of its record, and ends as one that was not interrupted', async () => {
  const network = await prepareNetwork(plainNetwork(), onnxruntime);
  const common = { learningRate: 'auto', epochs: 2 } as const;
  const whole = newRun();
  const uninterrupted = await train(trainingOptions(network, { ...common, run: whole }));
  const stopping = new AbortController();
  let steps = 0;
  const onStep = () => void (++steps === 6 && stopping.abort());
  const run = newRun();
  const first = trainingOptions(network, { ...common, run, onStep, signal: stopping.signal });
  await expect(train(first)).rejects.toMatchObject({ code: 'interrupted' });
  const resumed = await train(trainingOptions(network, { ...common, run, resume: true }));
  expect(resumed.state).toEqual(uninterrupted.state);
  expect(rangeTests(run)).toHaveLength(1);
  const [record] = rangeTests(whole);
  expect(uninterrupted.epochs[0]!.learningRate).toBe(record!.learningRate);
  // From below to above what any network here can be trained with.
  const rates = (record!.points as [number, number][]).map(([rate]) => rate);
  expect(rates[0]).toBeCloseTo(1e-6, 12);
  expect(rates.at(-1)).toBeGreaterThan(record!.learningRate as number);
});

test('the networks of a ring share one range test', async () => {
  const networks = [plainNetwork(), plainNetwork()];
  const run = newRun();
  const { data, preprocessing, batch } = trainingOptions(networks[0]!);
  const executor = onnxruntime;
  const settings = { data, preprocessing, batch, executor, learningRate: 'auto', epochs: 1 } as const;
  const { members } = await graft(networks, { ...settings, run, source: 'none' });
  const [record, ...others] = rangeTests(run);
  expect(others).toEqual([]);
  const highest = Number(record!.learningRate);
  expect(members.map(({ learningRate }) => learningRate / highest)).toEqual(
    [0.5, 1].map((x) => expect.closeTo(x)),
  );
});
