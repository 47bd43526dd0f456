import { expect } from 'vitest';
import { type Graph, staticShape } from '../../src/graph/graph.ts';
import { compileNetwork } from '../../src/runtime/webassembly/compile.ts';
import { instantiate, type ModuleKind } from '../../src/runtime/webassembly/instantiate.ts';
import { normals, runGraph } from './run-graph.ts';

/** Of the largest element. */
const TOLERANCE = 1e-4;

/**
 * Expects a graph's module to compute what onnxruntime computes, on normal numbers. Before, it runs on NaN, which then is all over
 * its memory, and must not show.
 */
export async function expectCompiledEqual(graph: Graph, kind?: ModuleKind): Promise<void> {
  const feeds = Object.fromEntries(
    graph.inputs.map((input, i) => [input.name, normals(staticShape(input), i + 1)]),
  );
  const network = await instantiate(compileNetwork(graph), kind);
  for (const input of Object.values(network.inputs)) input.fill(Number.NaN);
  network.run();
  for (const [name, { data }] of Object.entries(feeds)) network.inputs[name]!.set(data);
  network.run();
  const expected = await runGraph(graph, feeds);
  for (const [name, { data }] of Object.entries(expected))
    expectClose(network.outputs[name]!, data as Float32Array, name);
}

/** Expects equal numbers, up to a share of the largest. */
function expectClose(found: Float32Array, wanted: Float32Array, name: string): void {
  expect(found.length, name).toBe(wanted.length);
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const worst = wanted.reduce(
    (far, value, i) => (Math.abs(value - found[i]!) <= Math.abs(wanted[far]! - found[far]!) ? far : i),
    0,
  );
  const difference = Math.abs(wanted[worst]! - found[worst]!) / largest;
  expect(difference, `${name} at ${worst}: expected ${wanted[worst]}, got ${found[worst]}`).toBeLessThan(
    TOLERANCE,
  );
}
