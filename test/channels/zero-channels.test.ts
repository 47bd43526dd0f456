import { describe, expect, it } from 'vitest';
import { prepareForPruning } from '../../src/channels/prepare-for-pruning.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { costs } from '../../src/measure/macs.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { pruneHalf } from '../support/pruned-halves.ts';
import { normals } from '../support/run-graph.ts';

const pads = { pads: [1, 1, 1, 1] };

/** A shortcut of 8 channels that is widened to 16, beside a convolution of 16. */
function network(batch: number | string, widened: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('zeros', 18);
  const g = builderOf(graph);
  const conv = (x: Value, shape: readonly number[], seed: number) =>
    g.Conv(x, g.constant(normals(shape, seed, 0.3)), g.constant(normals([shape[0]!], seed + 9)), pads);
  const stem = g.Relu(conv(g.input('x', 'float32', [batch, 3, 8, 8]), [8, 3, 3, 3], 1));
  const sum = g.Relu(g.Add(widened(g, stem), conv(stem, [16, 8, 3, 3], 2)));
  g.output(conv(sum, [4, 16, 3, 3], 3), 'y');
  return graph;
}

/** [batch of x, 8, 8, 8] as exporters compute it. */
const computedShape = (g: Builder, x: Value) =>
  g.Concat(g.Slice(g.Shape(x), g.int64s([0]), g.int64s([1])), g.int64s([8, 8, 8]), { axis: 0 });

const forms: Readonly<Record<string, [batch: number | string, form: (g: Builder, x: Value) => Value]>> = {
  'an initializer': [1, (g, x) => g.Concat(x, g.constant(filled([1, 8, 8, 8], 0)), { axis: 1 })],
  'a ConstantOfShape': [1, (g, x) => g.Concat(x, g.ConstantOfShape(g.int64s([1, 8, 8, 8])), { axis: 1 })],
  'a ConstantOfShape of a computed shape': [
    'N',
    (g, x) => g.Concat(x, g.ConstantOfShape(computedShape(g, x)), { axis: 1 }),
  ],
  'an Expand of zero': ['N', (g, x) => g.Concat(x, g.Expand(g.floats(0), computedShape(g, x)), { axis: -3 })],
  'a product with zero': ['N', (g, x) => g.Concat(x, g.Mul(x, g.floats(0)), { axis: 1 })],
  'zeros on both sides': [
    1,
    (g, x) => {
      const zeros = g.constant(filled([1, 4, 8, 8], 0));
      return g.Concat(zeros, x, zeros, { axis: 1 });
    },
  ],
};

describe('zero channels are padding:', () => {
  const padded = network('N', (g, x) => g.Pad(x, g.int64s([0, 0, 0, 0, 0, 8, 0, 0])));

  it.each(Object.entries(forms))('%s', async (_name, [batch, form]) => {
    const given = network(batch, form);
    await verifyEquivalent(given, await prepareForPruning(given, onnxruntime), {
      executor: onnxruntime,
      tolerance: 1e-6,
    });
    const [own, reference] = [await pruneHalf(given), await pruneHalf(padded)];
    expect(own.error).toBeLessThan(1e-5);
    expect(costs(own.graph).macs).toBe(costs(reference.graph).macs);
    expect(costs(own.graph).parameters).toBe(costs(reference.graph).parameters);
    expect(serializeModel(own.graph).byteLength).toBeLessThan(0.8 * serializeModel(padded).byteLength);
  });
});
