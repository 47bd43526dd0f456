import { expect, it } from 'vitest';
import type { Builder } from '../../src/graph/builder.ts';
import { type Graph, staticShape, type Value } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import type { Executor } from '../../src/runtime/executor.ts';
import { expectNear, graphOf, runOn } from './executors.ts';
import { inferencePart } from './inference-part.ts';
import type { Reference } from './reference/array.ts';

/** A graph, its inputs, and the outputs that it must compute. */
export interface ConformanceCase<Input extends string = string> {
  readonly title: string;
  readonly inputs: Readonly<Record<Input, Tensor>>;
  build(g: Builder, inputs: Readonly<Record<Input, Value>>): Readonly<Record<string, Value>>;
  /** Expected outputs by name. Arrays without a shape stand for vectors and scalars. */
  readonly expected: () => Readonly<Record<string, Reference | ArrayLike<number>>>;
  /** Of the largest expected number. Default 1e-5. */
  readonly tolerance?: number;
  readonly opset?: number;
}

/** One test a case; of cases that train, an executor that only runs inference computes what is left without training. */
export function checkCases(executor: Executor, cases: readonly ConformanceCase[]): void {
  const graphs = cases.map((one) => ({ one, graph: graphFor(executor, one) }));
  const runnable = graphs.filter(({ graph }) => graph.outputs.length > 0);
  it.each(runnable.map(({ one, graph }) => ({ title: one.title, one, graph })))('$title', ({ one, graph }) =>
    checkCase(executor, one, graph),
  );
}

function graphFor(executor: Executor, { inputs, build, opset }: ConformanceCase): Graph {
  const graph = graphOf(inputs, build, opset);
  return executor.inferenceOnly ? inferencePart(graph, inputs) : graph;
}

async function checkCase(executor: Executor, one: ConformanceCase, graph: Graph) {
  const { expected, tolerance } = one;
  const inputs = Object.fromEntries(graph.inputs.map(({ name }) => [name, one.inputs[name]!]));
  const results = await runOn(executor, graph, inputs);
  const wanted = expected();
  const names = graph.outputs.map(({ name }) => name).toSorted();
  expect(Object.keys(results).toSorted()).toEqual(names);
  if (!executor.inferenceOnly) expect(Object.keys(wanted).toSorted()).toEqual(names);
  for (const output of graph.outputs) {
    const reference = wanted[output.name]!;
    const isShaped = 'shape' in reference;
    expectNear(results[output.name]!, isShaped ? reference.data : reference, {
      tolerance,
      what: output.name,
    });
    expect(results[output.name]!.shape, output.name).toEqual(staticShape(output));
    if (isShaped) expect(results[output.name]!.shape, output.name).toEqual(reference.shape);
  }
}
