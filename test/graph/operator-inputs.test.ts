import { describe, expect, expectTypeOf, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, makeNode, makeValue, type Value } from '../../src/graph/graph.ts';
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

it('a builder refuses, at compile time, inputs that an operator does not have or lacks', () => {
  const g = builderOf(emptyGraph('typed'));
  const image = g.input('image', 'float32', [1, 2, 4, 4]);
  const weight = g.input('weight', 'float32', [3, 2, 1, 1]);
  const axes = g.int64s([2]);
  // @ts-expect-error: a convolution has a weight
  expect(() => g.Conv(image)).toThrow('Conv (Conv): input weight is missing');
  // @ts-expect-error: null stands for an optional input only
  expect(() => g.Conv(image, null)).toThrow('input weight is missing');
  // @ts-expect-error: a Relu has one input
  g.Relu(image, image);
  // @ts-expect-error: a Relu has no attributes
  expect(() => g.Relu(image, { alpha: 1 })).toThrow('Relu has no attribute alpha');
  // @ts-expect-error: attributes come last
  expect(() => g.ReduceSum(image, { keepdims: 0 }, axes)).toThrow('attributes come last');
  expectTypeOf(g.Conv(image, weight, null, { strides: [2, 2] })).toEqualTypeOf<Value>();
  expectTypeOf(g.ReduceSum(image, { keepdims: 0 })).toEqualTypeOf<Value>();
  expectTypeOf(g.Concat(image, image, image, { axis: 1 })).toEqualTypeOf<Value>();
  expectTypeOf(g.TopK(image, axes)).toEqualTypeOf<[Value, Value]>();
});
