import { expect } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import type { Rewritten } from '../../src/graph/edit/refused.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { random } from '../../src/numeric/random.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

/** Builds what a rewrite is tried on; `image` is [N, 4, 7, 6] unless told otherwise. */
export type Build = (b: Builder) => Value;

let seed = 0;

/** A constant of normal numbers, different each time. */
export const weight = (b: Builder, ...shape: number[]): Value => b.constant(normals(shape, seed++, 0.5));

export const image = (b: Builder, channels = 4): Value => b.input('x', 'float32', ['N', channels, 7, 6]);

/** BatchNormalization of inference with parameters of its own. */
export function normalised(b: Builder, x: Value): Value {
  const channels = Number(x.shape![1]);
  const { uniform } = random(seed++);
  const variance = floats(
    [channels],
    Float32Array.from({ length: channels }, () => 0.1 + uniform()),
  );
  const [scale, bias, mean] = [weight(b, channels), weight(b, channels), weight(b, channels)];
  return b.BatchNormalization(x, scale, bias, mean, b.constant(variance), { epsilon: 1e-3 });
}

export function graphOf(build: Build): Graph {
  const b = builderOf(emptyGraph('test'));
  b.output(build(b), 'y');
  return b.graph;
}

export const operatorsOf = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

/** Expects that onnxruntime computes the same before and after, under the same output name. */
export async function expectSame(before: Graph, after: Graph): Promise<void> {
  expect(after.outputs.map(({ name }) => name)).toEqual(before.outputs.map(({ name }) => name));
  const { error } = await verifyEquivalent(before, after, { executor: onnxruntime });
  expect(error).toBeLessThan(1e-5);
}

/** Expects a rewrite to leave exactly these operators, nothing refused, and the same function at any batch. */
export async function expectRewritten(
  build: Build,
  rewrite: (graph: Graph) => Rewritten,
  left: readonly string[],
): Promise<Graph> {
  const before = graphOf(build);
  const { graph, changed, refusals } = rewrite(before);
  expect(refusals).toEqual([]);
  expect(operatorsOf(graph)).toEqual(left);
  expect(changed).toBeGreaterThan(0);
  expect(graph.outputs[0]!.shape?.[0]).toBe('N');
  await expectSame(before, graph);
  return graph;
}

/** Expects a rewrite to change nothing and to give these reasons. */
export function expectLeft(
  build: Build,
  rewrite: (graph: Graph) => Rewritten,
  reasons: readonly string[],
): void {
  const before = graphOf(build);
  const { graph, changed, refusals } = rewrite(before);
  expect(refusals.map(({ reason }) => reason)).toEqual(reasons);
  expect(changed).toBe(0);
  expect(operatorsOf(graph)).toEqual(operatorsOf(before));
}
