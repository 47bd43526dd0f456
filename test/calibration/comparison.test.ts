import { expect, it } from 'vitest';
import { openComparison } from '../../src/calibration/comparison.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { onnxruntime as executor } from '../../src/runtime/onnxruntime/index.ts';
import { calibrationOf } from '../support/layer-scores.ts';
import { normals } from '../support/run-graph.ts';

const image = [3, 4, 4] as const;
const batches = [5, 6].map((seed) => Array.from(normals([8, ...image], seed).data));
const viewing = { calibration: calibrationOf(image, batches), executor };

/** x·W of flattened images, W scaled. */
function product(scale: number, flattened: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('product', 18);
  const g = builderOf(graph);
  const rows = flattened(g, g.input('image', 'float32', [1, ...image]));
  g.output(g.Mul(g.MatMul(rows, g.constant(normals([48, 5], 1))), g.floats(scale)), 'scores');
  return graph;
}

/** A row of all images, which holds one: nothing shows that another batch would do. */
const fixed = (g: Builder, x: Value) => g.Reshape(g.Reshape(x, g.int64s([48])), g.int64s([1, 48]));
const open = (g: Builder, x: Value) => g.Flatten(x);

it.each([
  ['the original fixes', fixed, open],
  ['the other network fixes', open, fixed],
  ['both fix', fixed, fixed],
])('a batch that %s', async (_, before, after) => {
  const { original, compare } = await openComparison(product(1, before), viewing);
  expect(original.outputError).toBe(0);
  expect((await compare(product(0.9, after))).outputError).toBeCloseTo(0.1, 4);
  expect((await compare(product(1, before))).outputError).toBeCloseTo(0, 5);
});
