import { expect, it } from 'vitest';
import { quantize } from '../../src/index.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork } from '../support/small-network.ts';
import { trainingOptions } from '../support/training-options.ts';

const network = plainNetwork();
const { data, preprocessing } = trainingOptions(network);

it('quantises on training images, and compares accuracy, outputs, size and latency on test images', async () => {
  const evaluated: (readonly [number, number])[] = [];
  const notes: string[] = [];
  const { graph, layers, accuracy, agreement, bytes, latency, calibrationImages } = await quantize(network, {
    ...{ data, preprocessing, images: 32, seconds: 0.02 },
    onEvaluated: (...images) => evaluated.push(images),
    onNote: (line) => notes.push(line),
  });
  expect(layers.map(({ name }) => name)).toEqual(['conv1', 'conv2', 'fc']);
  expect(graph.nodes.map(({ op }) => op)).toContain('QuantizeLinear');
  expect([calibrationImages, notes]).toEqual([32, ['calibrating on 32 images']]);
  expect(accuracy!.float.images).toBe(data.test.count);
  expect(evaluated.at(-1)).toEqual([2 * data.test.count, 2 * data.test.count]);
  expect(agreement.sqnrDb).toBeGreaterThan(20);
  expect(bytes.int8).toBeLessThan(bytes.float);
  expect(latency.models).toHaveLength(2);
  // Within the ranges that were seen.
  const images = normals([2, 3, 8, 8], 3, 0.5);
  const [float, int8] = [await outputOf(network, images), await outputOf(graph, images)];
  const noise = float.reduce((sum, x, i) => sum + (x - int8[i]!) ** 2, 0);
  expect(noise).toBeGreaterThan(0);
  expect(noise).toBeLessThan(0.01 * float.reduce((sum, x) => sum + x * x, 0));
});

it('ignores labels of classes that the network does not have, and says so', async () => {
  const notes: string[] = [];
  const classes = Array.from({ length: 9 }, (_, label) => `class ${label}`);
  const { accuracy } = await quantize(network, {
    data: { ...data, train: { ...data.train, classes }, test: { ...data.test, classes } },
    ...{ preprocessing, images: 16, seconds: 0.02, onNote: (line: string) => notes.push(line) },
  });
  expect(accuracy).toBeNull();
  expect(notes[0]).toMatch(/^labels are ignored: expected class scores \[N, 9\]/);
});

it('asks for preprocessing where the network stores none', async () => {
  await expect(quantize(network, { data })).rejects.toThrow('expected `preprocessing`');
});
