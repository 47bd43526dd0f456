import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainModel } from '../../src/commands/training/train.ts';
import { averaged } from '../../src/grafting/average.ts';
import { averagingRounds, graftRounds } from '../../src/grafting/rounds.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { filled, floats } from '../../src/numeric/tensor.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { openRunDirectory } from '../../src/training/run-directory.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { interruptedAt, type Raw, runCommand, silent } from '../support/run-command.ts';
import { normals } from '../support/run-graph.ts';
import { classifier } from '../support/small-network.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-replicas-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]) => join(folder, ...parts);
let shared: Raw = {};

/** Convolution with a bias, Relu, classifier: each image by itself, as BatchNormalization would not take it. */
function network(): Graph {
  const graph = emptyGraph('without-normalization');
  const g = builderOf(graph);
  const x = g.input('input', 'float32', ['N', 3, 16, 16]);
  const weight = g.constant(normals([8, 3, 3, 3], 1, 0.3), 'conv.weight');
  const y = g.Conv(x, weight, g.constant(filled([8], 0.1), 'conv.bias'), { pads: [1, 1, 1, 1] });
  g.output(classifier(g, g.Relu(y), 3), 'logits');
  return graph;
}

beforeAll(async () => {
  await writeImageFolder(at('images'), { count: 48, size: 16, classes: 3, seed: 1 });
  writeModelFile(network(), at('start.onnx'));
  const training = { data: at('images'), batch: '8', threads: '1', epochs: '2', augmentation: 'none' };
  shared = { ...training, executor: 'onnxruntime', lr: '0.1', schedule: 'constant' };
}, 60_000);

const preprocessing = { mean: '0.5,0.5,0.5', std: '0.25,0.25,0.25' };

describe('replicas', () => {
  it('that average after every step take the steps of one network on the joint batch', async () => {
    const plain = { ...shared, ...preprocessing, momentum: '0', weightDecay: '0', epochs: '3' };
    // A shard of 24 images is one batch; both together are one of 48.
    const args = [at('start.onnx')];
    const replicas = { ...plain, batch: '24', replicas: '2', averageEvery: '1', out: at('two') };
    await runCommand(trainModel, args, [replicas]);
    await runCommand(trainModel, args, [{ ...plain, batch: '48', out: at('joint') }]);
    const [start, two, joint] = [args[0]!, at('two', 'model.onnx'), at('joint', 'model.onnx')].map(weightsIn);
    for (const [name, weights] of Object.entries(joint!)) {
      const moved = Math.max(...weights.map((x, i) => Math.abs(x - start![name]![i]!)));
      const apart = Math.max(...weights.map((x, i) => Math.abs(x - two![name]![i]!)));
      expect(moved, name).toBeGreaterThan(1e-3);
      expect(apart, name).toBeLessThan(moved * 1e-4);
    }
  }, 240_000);

  it('end as if never stopped when they are interrupted and resumed', async () => {
    const raw = { ...shared, size: '16', replicas: '2', averageEvery: '2' };
    const args = ['espalier-demo'];
    await runCommand(trainModel, args, [{ ...raw, out: at('whole') }]);
    const stopped = runCommand(trainModel, args, [
      { ...raw, out: at('stopped') },
      interruptedAt('epoch 2/2'),
    ]);
    await expect(stopped).rejects.toThrow('interrupted');
    await runCommand(trainModel, [], [{ resume: at('stopped') }]);
    const bytes = (run: string) => readFileSync(at(run, 'model.onnx'));
    expect(bytes('stopped').equals(bytes('whole'))).toBe(true);
    const epochs = openRunDirectory(at('stopped'))
      .readEvents()
      .filter(({ type }) => type === 'epoch');
    // 48 images: 24 for each, 3 steps of 8 an epoch.
    expect(epochs.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 3],
      [2, 6],
    ]);
    for (const { testAccuracy } of epochs) expect(testAccuracy).toBeGreaterThan(0.2);
  }, 240_000);

  it('one alone is plain training', async () => {
    const raw = { ...shared, size: '16', epochs: '1' };
    await runCommand(trainModel, ['espalier-demo'], [{ ...raw, replicas: '1', out: at('one') }]);
    await runCommand(trainModel, ['espalier-demo'], [{ ...raw, out: at('plain') }]);
    const bytes = (run: string) => readFileSync(at(run, 'model.onnx'));
    expect(bytes('one').equals(bytes('plain'))).toBe(true);
  }, 120_000);

  it.each([
    [{ redis: 'redis://127.0.0.1:1' }, '--redis needs --replicas 2 or more'],
    [{ replicas: '2', sparse: 'bn-scale:1e-4' }, '--sparse and --replicas cannot be combined'],
  ])('refuse %j', async (more, message) => {
    const raw: Raw = { ...shared, ...more, out: at('refused') };
    await expect(runCommand(trainModel, ['espalier-demo'], [raw, silent])).rejects.toThrow(message);
  });
});

/** The numbers of a model's weights, by name. */
const weightsIn = (path: string): Record<string, number[]> =>
  Object.fromEntries(
    readModelFile(path).initializers.flatMap(({ name, tensor }) =>
      tensor?.dtype === 'float32' ? [[name, Array.from(tensor.data as Float32Array)] as const] : [],
    ),
  );

describe('an average', () => {
  const one = { w: floats([2], [1, 3]), 'w.momentum': floats([2], [2, 2]) };
  const two = { w: floats([2], [2, -1]), 'w.momentum': floats([2], [4, 0]) };
  const numbers = (state: (typeof one)[]) =>
    state.map((own) => [Array.from(own.w.data), Array.from(own['w.momentum'].data)]);

  it.each([
    ['blend', [3, 1], [3, 1]],
    ['keep', [2, 2], [4, 0]],
    ['reset', [0, 0], [0, 0]],
  ] as const)('of weights, momentum: %s', (momentum, first, second) => {
    expect(numbers(averaged([one, two], momentum) as (typeof one)[])).toEqual([
      [[1.5, 1], first],
      [[1.5, 1], second],
    ]);
  });
});

describe('rounds', () => {
  const epochs = { epochs: 2, stepsPerEpoch: 5 };
  it('end every so many steps, and with each epoch', () => {
    expect(averagingRounds(epochs, 2).map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 2],
      [1, 4],
      [1, 5],
      [2, 7],
      [2, 9],
      [2, 10],
    ]);
    expect(averagingRounds(epochs, 100).map(({ step }) => step)).toEqual([5, 10]);
  });

  it('of grafting are epochs, and the last has no graft', () => {
    expect(graftRounds(epochs, true).map(({ step, grafts }) => [step, grafts])).toEqual([
      [5, true],
      [10, false],
    ]);
    expect(graftRounds(epochs, false).some(({ grafts }) => grafts)).toBe(false);
  });
});
