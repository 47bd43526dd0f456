import { afterEach, expect, test, vi } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { foldConstants } from '../../src/rewrite/rules/constant-folding.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import type { Executor } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

const SIZE = 320;
const products = (graph: Graph) => graph.nodes.filter(({ op }) => op === 'MatMul').length;

/** x + a·b·b·…·b, with an Expand between that is better computed than stored: twelve products of 3e7 multiply-accumulates. */
function chain(): Graph {
  const b = builderOf(emptyGraph('chain', 18));
  const x = b.input('x', 'float32', [1, SIZE]);
  const numbers = Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i % 7) - 2) / SIZE);
  const factor = b.constant(floats([SIZE, SIZE], numbers));
  let product = b.Expand(b.floats([0.5]), b.int64s([SIZE, SIZE]));
  for (let i = 0; i < 12; i++) product = b.MatMul(product, factor);
  b.output(b.Add(x, b.ReduceMean(product, b.int64s([0]), { keepdims: 1 })), 'y');
  return b.graph;
}

/** onnxruntime; by its clock each graph that it is given takes so long. */
function slow(ms: number): Executor {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const compile: Executor['compile'] = (graph, options) => {
    now += ms;
    return onnxruntime.compile(graph, options);
  };
  return { ...onnxruntime, compile };
}

afterEach(() => void vi.restoreAllMocks());

test('constants that take long are evaluated until their time is over', async () => {
  const graph = chain();
  const folded = await foldConstants(graph, slow(2000));
  expect(products(folded)).toBe(6);
  await verifyEquivalent(graph, folded, { executor: onnxruntime });
});

test('runs of a part of the constants compute what one run does', async () => {
  const graph = chain();
  const folded = await foldConstants(graph, slow(0));
  expect(products(folded)).toBe(0);
  await verifyEquivalent(graph, folded, { executor: onnxruntime });
});
