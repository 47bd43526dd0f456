import { describe, expect, test } from 'vitest';
import { decompose } from '../../src/autodiff/index.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { ESPALIER_DOMAIN, emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { type Tensor, toNumbers } from '../../src/numeric/tensor.ts';
import { chooseExecutor } from '../../src/runtime/choose.ts';
import type { CompileOptions, Executor, Program, Tensors } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { webassembly } from '../../src/runtime/webassembly/executor.ts';

/** oneDNN; null where its library is missing. */
export const nativeExecutor = await chooseExecutor('onednn').then(
  ({ executor }) => executor,
  () => null,
);

/** Whether oneDNN's library is on this machine. */
export const hasOnednn = nativeExecutor !== null;

/** Describes what every executor must do; oneDNN's part is skipped where its library is missing. */
export function describeExecutors(title: string, tests: (executor: Executor) => void): void {
  describe(`${title}: onnxruntime`, () => tests(onnxruntime));
  // Even a skipped group runs its function, which may ask the executor what it can do.
  describe(`${title}: onednn`, () =>
    nativeExecutor ? tests(nativeExecutor) : test.skip('its library is missing'));
}

/** Describes what every executor must do that runs inference: the part of each case that is. */
export function describeInference(title: string, tests: (executor: Executor) => void): void {
  describeExecutors(title, tests);
  describe(`${title}: webassembly`, () => tests(webassembly));
}

/** A graph from inputs of given types: the named values that `build` returns are its outputs. */
export function graphOf<Input extends string>(
  inputs: Readonly<Record<Input, Tensor>>,
  build: (g: Builder, inputs: Readonly<Record<Input, Value>>) => Readonly<Record<string, Value>>,
  opset?: number,
): Graph {
  const graph = emptyGraph('case', opset);
  const g = builderOf(graph);
  const values = Object.entries<Tensor>(inputs).map(
    ([name, { dtype, shape }]) => [name, g.input(name, dtype, shape)] as const,
  );
  for (const [name, value] of Object.entries(build(g, Object.fromEntries(values) as Record<Input, Value>)))
    g.output(value, name);
  return graph;
}

/** Compiles a graph as a training step is compiled: decomposed for an executor without training operators. */
export function compileOn(executor: Executor, graph: Graph, options: CompileOptions = {}): Promise<Program> {
  const isTraining = graph.nodes.some(({ domain }) => domain === ESPALIER_DOMAIN);
  const runnable = isTraining && !executor.trainingOperators ? decompose(graph) : graph;
  return executor.compile(runnable, { threads: 1, ...options });
}

/** The results of one run, copied. */
export async function runOn(executor: Executor, graph: Graph, feeds: Tensors): Promise<Tensors> {
  const program = await compileOn(executor, graph);
  try {
    return copied(await program.run(feeds));
  } finally {
    await program.close();
  }
}

/** Tensors that no later run overwrites. */
export function copied(tensors: Tensors): Record<string, Tensor> {
  const entries = Object.entries(tensors).map(
    ([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() as Tensor['data'] }] as const,
  );
  return Object.fromEntries(entries);
}

/** Expects equal numbers, up to a share of the largest of them, or of the floor where all are smaller. */
export function expectNear(
  actual: Tensor,
  expected: ArrayLike<number>,
  { tolerance = 1e-5, floor = 1e-30, what = '' } = {},
): void {
  const numbers = toNumbers(actual);
  expect(numbers.length, `${what}: elements`).toBe(expected.length);
  let scale = floor;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!));
  const worst = numbers.reduce(
    (far, value, i) => {
      const error = Math.abs(value - expected[i]!) / scale;
      return error <= far.error ? far : { error, i };
    },
    { error: 0, i: 0 },
  );
  const found = `${what} at ${worst.i}: expected ${expected[worst.i]}, got ${numbers[worst.i]}`;
  expect(worst.error, found).toBeLessThanOrEqual(tolerance);
  expect(numbers.every(Number.isFinite), `${what}: finite`).toBe(true);
}
