import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Value } from '../../src/graph/graph.ts';
import { foldBatchNormalization, verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

const constant = (g: Builder, shape: readonly number[], seed: number) => g.constant(normals(shape, seed));
const conv = (g: Builder, x: Value, seed = 1) =>
  g.Conv(x, constant(g, [6, 3, 3, 3], seed), constant(g, [6], seed + 1), { pads: [1, 1, 1, 1] });

async function operatorsAfter(body: (g: Builder, x: Value) => Value): Promise<string[]> {
  const g = builderOf(emptyGraph('affine', 18));
  g.output(body(g, g.input('x', 'float32', ['N', 3, 8, 8])), 'y');
  const { graph } = foldBatchNormalization(g.graph);
  await verifyEquivalent(g.graph, graph, { executor: onnxruntime, tolerance: 1e-5 });
  return graph.nodes.map(({ op }) => op);
}

describe('constants behind a layer are folded into it:', () => {
  const shapes = [[6, 1, 1], [1, 6, 1, 1], [], [1]];
  it.each(shapes)('of shape [%s %s %s %s], in a chain of all four operators', async (...shape) => {
    const sizes = shape.filter((size) => size !== undefined);
    const chain = (g: Builder, x: Value) => {
      const scaled = g.Mul(constant(g, sizes, 3), g.Add(conv(g, x), constant(g, sizes, 4)));
      return g.Sub(constant(g, sizes, 5), g.Div(g.Sub(scaled, constant(g, sizes, 6)), constant(g, sizes, 7)));
    };
    expect(await operatorsAfter(chain)).toEqual(['Conv']);
  });

  it('of a Gemm, and of a transposed convolution', async () => {
    const gemm = (g: Builder, x: Value) =>
      g.Mul(g.Gemm(g.Flatten(g.GlobalMaxPool(x)), constant(g, [3, 5], 1)), constant(g, [5], 2));
    expect(await operatorsAfter(gemm)).toEqual(['GlobalMaxPool', 'Flatten', 'Gemm']);
    const transposed = (g: Builder, x: Value) =>
      g.Add(g.ConvTranspose(x, constant(g, [3, 4, 2, 2], 1)), constant(g, [4, 1, 1], 2));
    expect(await operatorsAfter(transposed)).toEqual(['ConvTranspose']);
  });
});

describe('a constant stays where', () => {
  it.each<[string, (g: Builder, x: Value) => Value]>([
    ['it changes along rows', (g, x) => g.Mul(conv(g, x), constant(g, [8, 1], 3))],
    ['it is divided', (g, x) => g.Div(constant(g, [6, 1, 1], 3), conv(g, x))],
    ['it makes the map larger', (g, x) => g.Mul(conv(g, x), constant(g, [2, 1, 6, 1, 1], 3))],
  ])('%s', async (_name, body) => {
    expect(await operatorsAfter(body)).toHaveLength(2);
  });

  it('the output of the layer is read elsewhere too', async () => {
    const forked = (g: Builder, x: Value) => {
      const y = conv(g, x);
      return g.Add(g.Mul(y, constant(g, [6, 1, 1], 3)), g.Relu(y));
    };
    expect(await operatorsAfter(forked)).toEqual(['Conv', 'Mul', 'Relu', 'Add']);
  });
});
