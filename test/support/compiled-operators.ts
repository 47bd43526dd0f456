import { describe, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Value } from '../../src/graph/graph.ts';
import { expectCompiledEqual } from './compiled.ts';
import { normals } from './run-graph.ts';

/** For each title the shape of an input, and what is computed from it. */
type OperatorCases = Readonly<
  Record<string, readonly [shape: readonly number[], build: (g: Builder, x: Value) => Value]>
>;

/** One test a case: compiled to WebAssembly, it computes what onnxruntime computes. */
export function describeOperators(title: string, cases: OperatorCases): void {
  describe(`${title} as WebAssembly`, () => {
    it.each(Object.entries(cases))('%s', async (_, [shape, build]) => {
      const graph = emptyGraph('case');
      const g = builderOf(graph);
      const x = g.input('x', 'float32', shape);
      g.output(build(g, x), 'y');
      await expectCompiledEqual(graph);
    });
  });
}

/** A constant of normal numbers. */
export const weight = (g: Builder, shape: readonly number[], seed = 50): Value =>
  g.constant(normals(shape, seed, 0.5));
