import { expect, it } from 'vitest';
import type { Builder } from '../../src/graph/builder.ts';
import { reconstruct } from '../../src/pruning/recovery/reconstruct.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { calibration, network, relu, without } from '../support/redundant-network.ts';
import { normals } from '../support/run-graph.ts';

it.each([3e38, Number.NaN])('a layer whose inputs are %d stays as it is', async (factor) => {
  const build = (g: Builder, y: ReturnType<typeof relu>) =>
    g.named('last').Conv(g.Mul(y, g.floats(factor)), g.constant(normals([5, 6, 1, 1], 2)));
  const original = network((g, x) => build(g, relu(g, x)));
  const pruned = without(original, { wide: [3] });
  const weight = () => pruned.graph.nodes.find(({ name }) => name === 'last')!.inputs[1]!.tensor!.data;
  const before = Array.from(weight() as Float32Array);
  const { graph } = await reconstruct({
    original,
    pruned: pruned.graph,
    keptFilters: pruned.keptFilters,
    calibration,
    executor: onnxruntime,
  });
  const after = graph.nodes.find(({ name }) => name === 'last')!.inputs[1]!.tensor!.data;
  expect(Array.from(after as Float32Array)).toEqual(before);
});
