import { expect, it } from 'vitest';
import type { Builder } from '../../src/graph/builder.ts';
import { staticShape, type Value } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import type { Executor } from '../../src/runtime/executor.ts';
import { expectNear, graphOf, runOn } from './executors.ts';
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

/** One test a case. */
export function checkCases(executor: Executor, cases: readonly ConformanceCase[]): void {
  it.each(cases)('$title', (one) => checkCase(executor, one));
}

async function checkCase(executor: Executor, one: ConformanceCase) {
  const { inputs, expected, tolerance, opset } = one;
  const graph = graphOf(inputs, one.build, opset);
  const results = await runOn(executor, graph, inputs);
  const wanted = expected();
  expect(Object.keys(results).toSorted()).toEqual(Object.keys(wanted).toSorted());
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
