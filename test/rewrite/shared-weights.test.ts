import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { foldConstants, foldNetwork, verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

const pads = { pads: [1, 1, 1, 1] };
const weights = (g: Builder, shape: readonly number[], seed: number) => g.constant(normals(shape, seed, 0.3));

/** Scale, bias and mean of a normalisation of eight channels. */
const affine = (g: Builder, seed: number) =>
  [weights(g, [8], seed), weights(g, [8], seed + 1), weights(g, [8], seed + 2)] as const;

function graphOf(body: (g: Builder, x: Value) => readonly Value[]): Graph {
  const graph = emptyGraph('shared', 18);
  const g = builderOf(graph);
  body(g, g.input('x', 'float32', [1, 3, 16, 16])).forEach((value, i) => {
    g.output(value, `y${i}`);
  });
  return graph;
}

const levels = (g: Builder, x: Value) => [x, g.MaxPool(x, { kernel_shape: [2, 2], strides: [2, 2] })];
const elements = (graph: Graph) =>
  graph.initializers.reduce((sum, { tensor }) => sum + tensor!.data.length, 0);

async function folded(given: Graph) {
  const result = await foldNetwork(given, { executor: onnxruntime });
  await verifyEquivalent(given, result.graph, { executor: onnxruntime, tolerance: 1e-5 });
  return result;
}

const normalized = (g: Builder, y: Value, parameters: readonly [Value, Value, Value]) =>
  g.BatchNormalization(y, ...parameters, g.constant(filled([8], 0.7)));

describe('folding leaves shared weights shared:', () => {
  it('a normalisation that is shared as well is folded into the one weight', async () => {
    const given = graphOf((g, x) => {
      const w = weights(g, [8, 3, 3, 3], 1);
      const bn = affine(g, 1);
      return levels(g, x).map((level) => g.Relu(normalized(g, g.Conv(level, w, null, pads), bn)));
    });
    const { graph, counts } = await folded(given);
    expect(counts.batchnorm).toBe(2);
    expect(graph.initializers.map(({ tensor }) => tensor!.shape)).toEqual([[8, 3, 3, 3], [8]]);
  });

  it('a normalisation of its own for each level stays', async () => {
    const given = graphOf((g, x) => {
      const w = weights(g, [8, 3, 3, 3], 1);
      return levels(g, x).map((level, i) =>
        g.Relu(normalized(g, g.Conv(level, w, null, pads), affine(g, 10 * i + 1))),
      );
    });
    const { graph, counts, refusals } = await folded(given);
    expect(counts.batchnorm).toBe(0);
    expect(refusals.map(({ reason }) => reason)).toContainEqual(
      expect.stringMatching(/^the weight of Conv is shared with/),
    );
    expect(elements(graph)).toBe(elements(given));
  });

  it('layers whose weight another layer reads are not merged', async () => {
    const given = graphOf((g, x) => {
      const [a, b] = [weights(g, [3, 3, 1, 1], 1), weights(g, [3, 3, 1, 1], 2)];
      return levels(g, x).map((level) => g.Conv(g.Conv(level, a), b));
    });
    expect(elements((await folded(given)).graph)).toBe(elements(given));
  });
});

describe('constants that are not stored:', () => {
  it('two equal views of a parameter become one, and a view beside the parameter stays', async () => {
    const body = (g: Builder, x: Value, beside: boolean) => {
      const m = weights(g, [40, 48], 1);
      const flat = g.Reshape(x, g.int64s([16, 48]));
      const wide = () => g.MatMul(flat, g.Transpose(m, { perm: [1, 0] }));
      return [wide(), g.Relu(wide()), ...(beside ? [g.MatMul(wide(), m)] : [])];
    };
    const [alone, beside] = await Promise.all(
      [false, true].map((flag) =>
        foldConstants(
          graphOf((g, x) => body(g, x, flag)),
          onnxruntime,
        ),
      ),
    );
    expect(alone!.nodes.filter(({ op }) => op === 'Transpose')).toHaveLength(0);
    expect(elements(alone!)).toBe(40 * 48 + 2);
    expect(beside!.nodes.filter(({ op }) => op === 'Transpose')).toHaveLength(1);
    expect(elements(beside!)).toBe(40 * 48 + 2);
  });

  it('what a ConstantOfShape, an Expand or a Tile repeats', async () => {
    const given = graphOf((g, x) => [
      g.Concat(x, g.ConstantOfShape(g.int64s([1, 5, 16, 16])), { axis: 1 }),
      g.Concat(x, g.Expand(weights(g, [1, 5, 1, 1], 1), g.int64s([1, 5, 16, 16])), { axis: 1 }),
      g.Concat(x, g.Tile(weights(g, [1, 1, 16, 16], 2), g.int64s([1, 4, 1, 1])), { axis: 1 }),
    ]);
    const graph = await foldConstants(given, onnxruntime);
    await verifyEquivalent(given, graph, { executor: onnxruntime, tolerance: 1e-6 });
    expect(elements(graph)).toBe(elements(given));
  });
});
