import { expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Value } from '../../src/graph/graph.ts';
import { convertResiduals } from '../../src/residual/convert-residuals.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

it('a Sum of two is a residual connection as an Add is', async () => {
  const g = builderOf(emptyGraph('sum', 18));
  const conv = (x: Value, inputs: number, seed: number) =>
    g.Conv(x, g.constant(normals([6, inputs, 3, 3], seed, 0.3)), null, { pads: [1, 1, 1, 1] });
  const stem = g.Relu(conv(g.input('x', 'float32', [1, 3, 8, 8]), 3, 1));
  g.output(conv(g.Relu(g.Sum(stem, conv(g.Relu(conv(stem, 6, 2)), 6, 3))), 6, 4), 'y');
  const { graph } = convertResiduals(g.graph);
  expect(graph.nodes.some(({ op }) => op === 'Sum' || op === 'Add')).toBe(false);
  await verifyEquivalent(g.graph, graph, { executor: onnxruntime, tolerance: 1e-4 });
});
