import { describe, expect, expectTypeOf, it } from 'vitest';
import { makeNode, makeValue, type Value } from '../../src/graph/graph.ts';
import { inputsOf } from '../../src/graph/operators/index.ts';

const [x, w, b] = ['x', 'w', 'b'].map((name) => makeValue(name)) as [Value, Value, Value];
const nodeOf = (op: string, inputs: (Value | null)[]) =>
  makeNode(op, { name: 'n', inputs, outputs: [makeValue('y')] });

describe('the inputs of a node by name', () => {
  it('are null where an optional one is left out', () => {
    expect(inputsOf(nodeOf('Conv', [x, w]), 'Conv')).toEqual({ x, weight: w, bias: null });
    expect(inputsOf(nodeOf('Clip', [x, null, b]), 'Clip')).toEqual({ x, min: null, max: b });
    expectTypeOf(inputsOf<'Conv'>).returns.toEqualTypeOf<{
      readonly x: Value;
      readonly weight: Value;
      readonly bias: Value | null;
    }>();
  });

  it('are a list where an operator takes any number of them', () => {
    expect(inputsOf(nodeOf('Concat', [x, w, b]), 'Concat')).toEqual({ inputs: [x, w, b] });
    expectTypeOf(inputsOf<'Concat'>).returns.toEqualTypeOf<{ readonly inputs: readonly Value[] }>();
  });

  it('of several operators are those that all have', () => {
    expectTypeOf(inputsOf<'Reshape' | 'Flatten'>).returns.toHaveProperty('x');
    expectTypeOf(inputsOf<'Reshape' | 'Flatten'>).returns.not.toHaveProperty('shape');
  });

  it('name the required one that a file lacks', () => {
    expect(() => inputsOf(nodeOf('Conv', [x, null, b]), 'Conv')).toThrow('n (Conv): input weight is missing');
    expect(() => inputsOf(nodeOf('Sum', [x, null]), 'Sum')).toThrow('n (Sum): input inputs[1] is missing');
  });
});
