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
  const weight = () => g.constant(normals([16, 3, 3, 3], 1));
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
    /^pruning produced 864 parameters: expected at most the 432 of the given network$/,
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
  const grown = () => expectNoGrowth({ before: [indexed(200)], after: indexed(300), rewrite: 'folding' });
  expect(grown).toThrow(
    'folding produced 2400 bytes of tensors: expected at most the 1600 of the given network',
  );
});

test.each([
  { channels: 16, stored: 3 },
  { channels: 300, stored: 1 },
])('a bias of $channels that is read in two shapes is stored $stored times', async ({ channels, stored }) => {
  const graph = emptyGraph('views', 18);
  const g = builderOf(graph);
  const bias = g.constant(normals([channels], 1));
  const x = g.input('x', 'float32', [1, channels, 4, 4]);
  const column = () => g.Reshape(g.Identity(bias), g.int64s([channels, 1, 1]));
  const rows = g.Transpose(g.Relu(g.Add(g.Relu(g.Add(x, column())), column())), { perm: [0, 2, 3, 1] });
  g.output(g.Add(rows, bias), 'y');
  const { graph: folded } = await foldNetwork(graph, { executor: onnxruntime });
  expect(folded.initializers.filter(({ dtype }) => dtype === 'float32')).toHaveLength(stored);
  expect(() => expectNoGrowth({ before: [graph], after: folded, rewrite: 'folding' })).not.toThrow();
});

test('what constants fold to is no growth', async () => {
  const graph = emptyGraph('outer', 18);
  const g = builderOf(graph);
  const outer = g.MatMul(g.constant(normals([40, 1], 1)), g.constant(normals([1, 40], 2)));
  g.output(g.MatMul(g.input('x', 'float32', [1, 40]), outer), 'y');
  const { graph: folded, withConstants } = await foldNetwork(graph, { executor: onnxruntime });
  const check = (before: readonly Graph[]) => () =>
    expectNoGrowth({ before, after: folded, rewrite: 'folding' });
  expect(check([graph])).toThrow('folding produced 1600 parameters');
  expect(check([graph, withConstants])).not.toThrow();
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
    'merged, it would have 36864 weights instead of 30720',
  ]);
});
