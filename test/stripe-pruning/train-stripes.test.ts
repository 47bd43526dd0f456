import { expect, it } from 'vitest';
import {
  costs,
  loadPreprocessing,
  onnxruntime,
  storePreprocessing,
  stripeLayers,
  trainStripes,
} from '../../src/index.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork } from '../support/small-network.ts';
import { machine } from '../support/timing-machine.ts';
import { trainingOptions } from '../support/training-options.ts';

const { data, preprocessing } = trainingOptions(plainNetwork());
const quick = { data, executor: onnxruntime, threads: 1, batch: 16, seconds: 0.02 } as const;
it('learns shapes down to a target, and skips what died in networks that compute the same', async () => {
  const network = plainNetwork();
  storePreprocessing(network, preprocessing);
  const notes: string[] = [];
  const pruned = await trainStripes(network, {
    ...quick,
    ...{
      macs: 0.6,
      epochs: 3,
      timer: machine((graph) => costs(graph).macs),
      onNote: (line) => notes.push(line),
    },
  });
  const { masked, deployed, fastest, dense, shapes, epochs, error } = pruned;
  expect(epochs).toHaveLength(3);
  expect(epochs.at(-1)!.metrics.macsKept).toBeLessThanOrEqual(0.6);
  const zeros = stripeLayers(masked).layers.map(
    ({ weight }) => weight.tensor!.data.filter((x) => x === 0).length,
  );
  expect(zeros.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(100);
  expect(costs(deployed).macs).toBeLessThan(0.65 * costs(network).macs);
  expect(shapes.map(({ layer }) => layer)).toEqual(['conv1', 'conv2']);
  expect(error).toBeLessThan(1e-4);
  expect(notes).toEqual(['choosing the fastest form of each layer']);
  const images = normals([2, 3, 8, 8], 3);
  const expected = await outputOf(masked, images);
  for (const graph of [deployed, fastest, dense]) {
    const found = await outputOf(graph, images);
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 3);
  }
  expect(loadPreprocessing(masked)).toEqual(preprocessing);
});

it.each([
  [{ macs: 0.5, latency: 0.5, shapeBlock: 8 }, 'expected one of `macs` and `latency`, found both'],
  [{ pace: 'gradual' }, '`pace` gradual needs `macs` or `latency`'],
  [{}, 'stores no preprocessing: expected `preprocessing`'],
] as const)('refuses %j', async (options, message) => {
  await expect(trainStripes(plainNetwork(), { ...quick, epochs: 1, ...options })).rejects.toThrow(message);
});
