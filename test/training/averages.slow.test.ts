import { join } from 'node:path';
import { expect, it, test } from 'vitest';
import { checkGrafting } from '../../src/grafting/defaults.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { evaluate } from '../../src/measure/accuracy.ts';
import { bindDimensions } from '../../src/rewrite/index.ts';
import type { Executor, Tensors } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { checkStripeLearning } from '../../src/stripes/learning.ts';
import type { TrainOptions } from '../../src/training/options.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { createRunDirectory, makeRecipe } from '../../src/training/run-directory.ts';
import { sparseController } from '../../src/training/sparse.ts';
import { classification } from '../../src/training/tasks/classification.ts';
import { train } from '../../src/training/train.ts';
import { openTrainingStep } from '../../src/training/training-step.ts';
import { copied, describeExecutors, expectNear } from '../support/executors.ts';
import { normals } from '../support/run-graph.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { trainingOptions } from '../support/training-options.ts';

const BATCH = 4;
const LEARNING_RATE = 0.1;

const newRun = () => createRunDirectory(join(temporaryFolder(), 'run'), makeRecipe('train', {}, {}));

/** The state before the first step and after each of some. */
async function statesOf(
  executor: Executor,
  steps: number,
  settings: Pick<TrainOptions, 'ema' | 'clipNorm' | 'momentum'>,
): Promise<Tensors[]> {
  const model = bindDimensions(plainNetwork({ widths: [5, 6] }), BATCH);
  const onFallback = (operators: readonly string[]) => expect(operators).toEqual([]);
  const fixed = { task: classification(), optimizer: 'sgd', executor, threads: 1, onFallback } as const;
  const step = await openTrainingStep(model, { ...fixed, ...settings });
  const states = [copied(step.state())];
  for (let done = 1; done <= steps; done++) {
    await step.run({
      images: normals([BATCH, 3, 8, 8], done).data,
      labels: BigInt64Array.from([0n, 1n, 2n, 3n]),
      scalars: { learningRate: LEARNING_RATE, step: done },
      keys: [0, done],
    });
    states.push(copied(step.state()));
  }
  await step.close();
  return states;
}

const parameters = ['conv1.weight', 'conv1.bn.scale', 'conv2.bn.shift', 'fc.weight', 'fc.bias'];
const numbers = (state: Tensors, name: string) => Array.from(state[name]!.data as Float32Array);

describeExecutors('a training step', (executor) => {
  it('keeps the moving averages of parameters and running statistics', async () => {
    const states = await statesOf(executor, 5, { ema: 0.4 });
    for (const name of [...parameters, 'conv1.bn.mean', 'conv2.bn.var']) {
      // d = 2/11, 3/12, 4/13, 5/14, then at most 0.4.
      const decays = [2 / 11, 3 / 12, 4 / 13, 5 / 14, 0.4];
      let wanted = numbers(states[0]!, name);
      decays.slice(0, 5).forEach((decay, i) => {
        const now = numbers(states[i + 1]!, name);
        wanted = wanted.map((average, at) => decay * average + (1 - decay) * now[at]!);
        expectNear(states[i + 1]![`${name}.average`]!, wanted, { what: `${name} after step ${i + 1}` });
      });
    }
  });

  it('scales gradients down to a norm, all parameters together', async () => {
    const gradients = async (clipNorm?: number) => {
      const [before, after] = (await statesOf(executor, 1, { momentum: 0, clipNorm })) as [Tensors, Tensors];
      const names = Object.keys(before).filter((name) => /weight$|scale$|shift$|bias$/.test(name));
      return names.flatMap((name) => {
        const now = numbers(after, name);
        return numbers(before, name).map((w, i) => (w - now[i]!) / LEARNING_RATE);
      });
    };
    const whole = await gradients();
    const norm = Math.hypot(...whole);
    const clipped = await gradients(norm / 3);
    expect(Math.hypot(...clipped)).toBeCloseTo(norm / 3, 4);
    clipped.forEach((slope, i) => {
      expect(slope).toBeCloseTo(whole[i]! / 3, 4);
    });
    expect(await gradients(2 * norm)).toEqual(whole);
  });
});

const plain = (): Promise<Graph> => prepareNetwork(plainNetwork(), onnxruntime);

test('training with averages and clipping continues bit for bit where it was stopped', async () => {
  const network = await plain();
  const settings = { ema: 0.9, clipNorm: 0.5, schedule: 'one-cycle', epochs: 2 } as const;
  const uninterrupted = await train(trainingOptions(network, settings));
  const stopping = new AbortController();
  let steps = 0;
  const onStep = () => void (++steps === 6 && stopping.abort());
  const run = newRun();
  const first = trainingOptions(network, { ...settings, run, onStep, signal: stopping.signal });
  await expect(train(first)).rejects.toMatchObject({ code: 'interrupted' });
  const resumed = await train(trainingOptions(network, { ...settings, run, resume: true }));
  expect(resumed.state).toEqual(uninterrupted.state);
  expect(resumed.epochs.at(-1)!.averaged).toEqual(uninterrupted.epochs.at(-1)!.averaged);
});

test.each([
  ['averaged', 0.3, 0.8],
  ['last', 0.02, 0.999],
] as const)('the result is the better network: the %s weights', async (which, learningRate, ema) => {
  const lines: string[] = [];
  const onNote = (line: string) => void lines.push(line);
  const options = trainingOptions(await plain(), { epochs: 2, learningRate, ema, onNote });
  const { network, epochs } = await train(options);
  const { testAccuracy, averaged } = epochs.at(-1)!;
  const { top1 } = await evaluate(network, options.data.test, options);
  expect(averaged!.testAccuracy! > testAccuracy!).toBe(which === 'averaged');
  expect(top1).toBe(Math.max(averaged!.testAccuracy!, testAccuracy!));
  expect(lines).toEqual([expect.stringContaining(`the ${which} weights`)]);
});

test('training stops on a plateau of the test result, and its rates until then are those of the whole run', async () => {
  const network = await plain();
  const settings = { learningRate: 1e-9, schedule: 'cosine', epochs: 6 } as const;
  const lines: string[] = [];
  const run = newRun();
  const onNote = (line: string) => void lines.push(line);
  const stopped = await train(trainingOptions(network, { ...settings, stopAfter: 2, run, onNote }));
  const whole = await train(trainingOptions(network, settings));
  const rates = ({ epochs }: typeof whole) => epochs.map(({ learningRate }) => learningRate);
  expect(rates(stopped)).toEqual(rates(whole).slice(0, 3));
  expect(lines).toEqual(['stopped after epoch 3 of 6: test results have not improved since epoch 1']);
  expect(run.readEvents().at(-1)).toMatchObject({ type: 'early-stop', epoch: 3, bestEpoch: 1 });
  const again = await train(trainingOptions(network, { ...settings, stopAfter: 2, run, resume: true }));
  expect(again.epochs).toEqual([]);
  expect(again.state).toEqual(stopped.state);
});

test('no run stops before its controller has settled', async () => {
  const network = await plain();
  let evaluated = 0;
  const controller = { ...sparseController(network, []), isSettled: () => ++evaluated >= 3 };
  const settings = { learningRate: 1e-9, epochs: 9, stopAfter: 2, controller } as const;
  const { epochs } = await train(trainingOptions(network, settings));
  // Settled after 3 epochs: two more do not improve the result of the third.
  expect(epochs).toHaveLength(5);
});

test('averages and early stops are refused where they cannot be had', async () => {
  expect(() => checkGrafting({ networks: 2, ema: 0.9 })).toThrow('`ema`: networks that train together');
  expect(() => checkGrafting({ networks: 2, stopAfter: 3 })).toThrow('`stopAfter`: networks that train');
  expect(() => checkStripeLearning({ ema: 0.9 })).toThrow('`ema`: filter skeletons have no moving averages');
  const unevaluated = trainingOptions(await plain(), { stopAfter: 1, evaluateEvery: 0 });
  await expect(train(unevaluated)).rejects.toThrow('`stopAfter` needs test results after epochs');
});
