import { expect, it } from 'vitest';
import { decompose, gradients } from '../../../src/autodiff/index.ts';
import { builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../../src/graph/graph.ts';
import { floats } from '../../../src/numeric/tensor.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import {
  type DistillationOptions,
  distillation,
} from '../../../src/training/tasks/distillation/distillation.ts';
import { pairLoss } from '../../../src/training/tasks/distillation/losses.ts';
import type { DistilledPair } from '../../../src/training/tasks/distillation/pairs.ts';
import { detector, headedNetwork, softmax } from '../../support/headed-network.ts';
import { normals } from '../../support/run-graph.ts';
import { classifier } from '../../support/small-network.ts';
import { trainingOptions } from '../../support/training-options.ts';

const base = trainingOptions(headedNetwork(1, softmax));
const task = (student: Graph, teacher: Graph, changes: Partial<DistillationOptions> = {}) =>
  distillation(student, {
    ...{ teacher, data: base.data, preprocessing: base.preprocessing, executor: onnxruntime, batch: 16 },
    ...changes,
  });

async function notesOf(student: Graph, teacher: Graph, changes: Partial<DistillationOptions> = {}) {
  const notes: string[] = [];
  await task(student, teacher, { onNote: (line) => void notes.push(line), ...changes });
  return notes;
}

it('the loss of each output is chosen by what it is, before what has no gradient', async () => {
  expect(await notesOf(headedNetwork(1, detector), headedNetwork(2, detector))).toEqual([
    "box: squared error by the teacher's variance",
    'probability, at Reshape: KL divergence of probabilities at temperature 2',
    'places, at scores: KL divergence of probabilities at temperature 2',
  ]);
  expect(await notesOf(headedNetwork(1, softmax), headedNetwork(2, softmax), { temperature: 4 })).toEqual([
    'classes, at fc: KL divergence at temperature 4',
  ]);
});

it('a loss that is given for an output comes before the one that is chosen', async () => {
  const losses = { classes: { loss: 'mse', weight: 2 } } as const;
  const notes = await notesOf(headedNetwork(1, softmax), headedNetwork(2, softmax), { losses });
  expect(notes).toEqual(["classes, at fc: squared error by the teacher's variance, weight 2"]);
  const unknown = task(headedNetwork(1, softmax), headedNetwork(2, softmax), {
    losses: { other: losses.classes },
  });
  await expect(unknown).rejects.toThrow('other: expected an output of classes [16, 4]');
});

it('networks whose outputs do not correspond are refused in a line', async () => {
  const student = headedNetwork(1, softmax);
  await expect(task(student, headedNetwork(2, detector))).rejects.toThrow(
    /expected a teacher with the outputs classes \[16, 4\], found box \[16, 4, 4, 4\], probability/,
  );
  const wide = headedNetwork(
    2,
    (g, x, seed) => void g.output(g.Softmax(classifier(g, x, 5, seed)), 'classes'),
  );
  await expect(task(student, wide)).rejects.toThrow(
    /classes: expected \[16, 4\] of the teacher, found .* \[16, 5\]/,
  );
  const logits = headedNetwork(2, (g, x, seed) => void g.output(classifier(g, x, 4, seed), 'logits'));
  await expect(task(student, logits)).rejects.toThrow(
    'classes: expected a teacher whose logits comes from Softmax, found neither Softmax nor Sigmoid',
  );
});

const pair = (loss: DistilledPair['loss'], axis: number | null): DistilledPair => ({
  ...{ output: 'y', student: 's', teacher: 't', shape: [2, 3, 2, 2], weight: 1.5 },
  ...{ loss, axis },
});

/** The loss and its gradient by the student's values. */
async function lossAt(student: Float32Array, own: DistilledPair) {
  const g = builderOf(emptyGraph('loss'));
  const [s, t] = ['s', 't'].map((name) => g.input(name, 'float32', own.shape)) as [Value, Value];
  const inverseVariance = floats([1, 3, 1, 1], [1, 2, 4]);
  const loss = pairLoss(g, { student: s, teacher: t, pair: own, temperature: 2, inverseVariance });
  const [gradient] = gradients(g, loss, [s]);
  g.output(loss, 'loss');
  g.output(gradient, 'gradient');
  const program = await onnxruntime.compile(decompose(g.graph), {});
  const results = await program.run({ s: floats(own.shape, student), t: normals(own.shape, 5) });
  const found = {
    loss: Number(results.loss!.data[0]),
    gradient: (results.gradient!.data as Float32Array).slice(),
  };
  await program.close();
  return found;
}

it.each([
  ['a squared error', pair('mse', 1)],
  ['a divergence along an axis', pair('kl', 1)],
  ['a divergence of probabilities', pair('kl', null)],
] as const)('%s is zero at the teacher, and its gradient equals central differences', async (_, own) => {
  expect((await lossAt(normals(own.shape, 5).data as Float32Array, own)).loss).toBeCloseTo(0, 6);
  const at = normals(own.shape, 6).data as Float32Array;
  const direction = normals(own.shape, 7).data as Float32Array;
  const { loss, gradient } = await lossAt(at, own);
  expect(loss).toBeGreaterThan(0.01);
  const moved = (by: number) =>
    lossAt(
      at.map((x, i) => x + by * direction[i]!),
      own,
    );
  const by = 1e-2;
  const difference = ((await moved(by)).loss - (await moved(-by)).loss) / (2 * by);
  const projection = gradient.reduce((sum, x, i) => sum + x * direction[i]!, 0);
  expect(projection).toBeCloseTo(difference, 3);
});

it('the divergence is that of Hinton et al., by hand', async () => {
  const own = { ...pair('kl', 1), shape: [1, 2], weight: 1 };
  const [t0, t1] = normals(own.shape, 5).data as Float32Array as unknown as [number, number];
  const probability = (a: number, b: number) => 1 / (1 + Math.exp((b - a) / 2));
  const [p, q] = [probability(t0, t1), probability(1, -1)];
  const expected = 4 * (p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q)));
  const g = builderOf(emptyGraph('loss'));
  const [s, t] = ['s', 't'].map((name) => g.input(name, 'float32', own.shape)) as [Value, Value];
  g.output(pairLoss(g, { student: s, teacher: t, pair: own, temperature: 2, inverseVariance: null }), 'loss');
  const program = await onnxruntime.compile(g.graph, {});
  const { loss } = await program.run({ s: floats([1, 2], [1, -1]), t: normals(own.shape, 5) });
  expect(loss!.data[0]).toBeCloseTo(expected, 5);
  await program.close();
});
