import { expect, test } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { expectNoGrowth } from '../../src/measure/growth.ts';
import { foldNetwork } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

/** Two convolutions of one input: of one weight, or each with a copy of it. */
function twoLayers({ isShared }: { readonly isShared: boolean }): Graph {
  const graph = emptyGraph('two', 18);
  const g = builderOf(graph);
  const x = g.input('x', 'float32', [1, 3, 8, 8]);
  const weight = () => g.constant(normals([4, 3, 3, 3], 1));
  const first = weight();
  g.output(g.Conv(x, first), 'y0');
  g.output(g.Conv(g.Relu(x), isShared ? first : weight()), 'y1');
  return graph;
}

test('a shared weight that is stored twice is an error', () => {
  const [shared, untied] = [true, false].map((isShared) => twoLayers({ isShared }));
  const check = (before: Graph, after: Graph, growth?: number) => () =>
    expectNoGrowth({ before: [before], after, rewrite: 'pruning', ...(growth && { growth }) });
  expect(check(shared!, untied!)).toThrow(
    /^pruning left 216 parameters: expected at most the 108 of the network given$/,
  );
  expect(check(shared!, untied!, 2)).not.toThrow();
  expect(check(untied!, shared!)).not.toThrow();
});

test('integers that are stored count in bytes', () => {
  const indexed = (count: number) => {
    const graph = emptyGraph('indices', 18);
    const g = builderOf(graph);
    const indices = g.constant({ dtype: 'int64', shape: [count], data: new BigInt64Array(count) });
    g.output(g.Gather(g.input('x', 'float32', [4]), indices), 'y');
    return graph;
  };
  const grown = () => expectNoGrowth({ before: [indexed(10)], after: indexed(100), rewrite: 'folding' });
  expect(grown).toThrow('folding left 800 bytes of tensors: expected at most the 80 of the network given');
});

test('two layers are not merged into one of more weights, though it has fewer multiply-accumulates', async () => {
  const graph = emptyGraph('pair', 18);
  const g = builderOf(graph);
  const narrow = g.Conv(g.input('x', 'float32', [1, 64, 8, 8]), g.constant(normals([48, 64, 1, 1], 1)));
  const options = { strides: [2, 2] };
  g.output(g.Conv(narrow, g.constant(normals([64, 48, 3, 3], 2)), null, options), 'y');
  const { changed, refusals } = await foldNetwork(graph, { executor: onnxruntime });
  expect(changed).toBe(0);
  expect(refusals.map(({ reason }) => reason)).toEqual([
    'merged it would have 36864 weights, where it has 30720 now',
  ]);
});
