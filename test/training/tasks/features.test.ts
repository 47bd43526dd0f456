import { expect, it } from 'vitest';
import type { Builder } from '../../../src/graph/builder.ts';
import { builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph, staticShape, type Value } from '../../../src/graph/graph.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { distillation } from '../../../src/training/tasks/distillation/distillation.ts';
import { train } from '../../../src/training/train.ts';
import { normals, runGraph } from '../../support/run-graph.ts';
import { classifier } from '../../support/small-network.ts';
import { trainingOptions } from '../../support/training-options.ts';

const conv = (g: Builder, x: Value, name: string, [filters, seed, stride = 1]: readonly number[]) =>
  g
    .named(name)
    .Conv(x, g.constant(normals([filters!, staticShape(x)[1]!, 3, 3], seed!, 0.2), `${name}.weight`), null, {
      pads: [1, 1, 1, 1],
      strides: [stride, stride],
    });

/** A residual block of `inner` channels, and a layer of `last` filters at half of the resolution. */
function residual(seed: number, { inner = 4, last = 6 } = {}): Graph {
  const g = builderOf(emptyGraph('residual'));
  const x = g.input('images', 'float32', [64, 3, 8, 8]);
  const stem = conv(g, x, 'stem', [4, seed]);
  const first = conv(g, stem, 'a', [inner, seed + 1]);
  const branch = conv(g, g.Relu(first), 'b', [4, seed + 2]);
  const sum = g.Add(branch, stem);
  const block = g.named('block').Relu(sum);
  const third = conv(g, block, 'c', [last, seed + 3]);
  const deeper = g.named('deeper').Relu(third);
  g.output(classifier(g, conv(g, deeper, 'd', [4, seed + 4, 2]), 4, seed), 'logits');
  return g.graph;
}

const { data, preprocessing } = trainingOptions(residual(1));
const options = { data, preprocessing, executor: onnxruntime, batch: 64 };

/** The loss of all training images, and what the run says. */
async function firstLoss(student: Graph, teacher: Graph, featureWeight: number) {
  const notes: string[] = [];
  const onNote = (line: string) => void notes.push(line);
  const task = await distillation(student, { ...options, teacher, featureWeight, onNote });
  const { epochs } = await train(
    trainingOptions(student, { task, batch: 64, epochs: 1, learningRate: 0, evaluateEvery: 0 }),
  );
  return { loss: epochs[0]!.loss, notes };
}

it('ends of blocks that have an equal shape are compared, and the run says which', async () => {
  const notes = async (student: Graph) => (await firstLoss(student, residual(2), 3)).notes.at(-1);
  expect(await notes(residual(1))).toBe('inner values of equal shape, weight 3: block, deeper');
  expect(await notes(residual(1, { inner: 2, last: 3 }))).toBe(
    'inner values of equal shape, weight 3: block',
  );
  const { notes: none } = await firstLoss(residual(1), residual(2), 0);
  expect(none).toEqual(['logits: KL divergence at temperature 2']);
});

it("adds the mean of their squared errors by the teacher's mean variance, times the weight", async () => {
  const [student, teacher] = [residual(1), residual(2)];
  const [without, with3] = [await firstLoss(student, teacher, 0), await firstLoss(student, teacher, 3)];
  const pixels = new Uint8Array(3 * 8 * 8);
  const images = new Float32Array(64 * pixels.length);
  for (let i = 0; i < 64; i++) {
    await data.train.read(i, pixels);
    pixels.forEach((pixel, at) => {
      images[i * pixels.length + at] = (pixel / 255 - 0.5) / 0.25;
    });
  }
  const input = { dtype: 'float32', shape: [64, 3, 8, 8], data: images } as const;
  const inner = async (network: Graph) => {
    const made = network.nodes.flatMap(({ outputs }) => outputs as Value[]);
    const outputs = ['block', 'deeper'].map((name) => made.find((value) => value.name === name)!);
    return runGraph({ ...network, outputs }, { images: input });
  };
  const [found, wanted] = [await inner(student), await inner(teacher)];
  const errors = ['block', 'deeper'].map((name) => {
    const [s, t] = [found[name]!.data as Float32Array, wanted[name]!.data as Float32Array];
    const channels = wanted[name]!.shape[1]!;
    let [error, variance] = [0, 0];
    for (let c = 0; c < channels; c++) {
      const own = Array.from(t.keys()).filter((i) => Math.floor(i / 64) % channels === c);
      const mean = own.reduce((sum, i) => sum + t[i]!, 0) / own.length;
      variance += own.reduce((sum, i) => sum + (t[i]! - mean) ** 2, 0) / own.length / channels;
      error += own.reduce((sum, i) => sum + (s[i]! - t[i]!) ** 2, 0);
    }
    return error / t.length / variance;
  });
  expect(with3.loss - without.loss).toBeCloseTo((3 * (errors[0]! + errors[1]!)) / 2, 2);
  expect(errors[0]).toBeGreaterThan(0.1);
});
