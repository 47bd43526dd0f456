import { expect, it } from 'vitest';
import { withRandomShapes } from '../../bench/compile/random-shapes.ts';
import { liveMacs } from '../../src/deploy/live-macs.ts';
import { costs } from '../../src/measure/macs.ts';
import { buildModel } from '../../src/models/index.ts';

it('random shapes leave the wanted part of the MACs, the same for the same seed, and the first layer whole', () => {
  const network = buildModel('espalier-demo');
  const shaped = withRandomShapes(network, { macs: 0.5, seed: 1 });
  expect(liveMacs(shaped) / costs(network).macs).toBeCloseTo(0.5, 2);
  const weightsOf = (graph: typeof network) =>
    graph.nodes
      .filter(({ op }) => op === 'Conv')
      .map(({ inputs }) => Buffer.from((inputs[1]!.tensor!.data as Float32Array).buffer).toString('base64'));
  expect(weightsOf(withRandomShapes(network, { macs: 0.5, seed: 1 }))).toEqual(weightsOf(shaped));
  expect(weightsOf(withRandomShapes(network, { macs: 0.5, seed: 2 }))).not.toEqual(weightsOf(shaped));
  expect(weightsOf(shaped)[0]).toEqual(weightsOf(network)[0]);
});
