import { describe, expect, it } from 'vitest';
import { decompose, gradients } from '../../src/autodiff/index.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, makeValue, type Value } from '../../src/graph/graph.ts';

/** Differentiates the sum of what is built on x [2, 4, 5, 6]. */
function differentiate(build: (g: Builder, x: Value) => Value): Value {
  const g = builderOf(emptyGraph('refused'));
  const x = g.input('x', 'float32', [2, 4, 5, 6]);
  const loss = g.ReduceSum(build(g, x), null, { keepdims: 0 });
  return gradients(g, loss, [x])[0]!;
}

type Refusal = readonly [name: string, message: string, build: (g: Builder, x: Value) => Value];

const refusals: readonly Refusal[] = [
  ['an operator without rule', 'LRN (LRN): has no gradient rule', (g, x) => g.LRN(x, { size: 3 })],
  [
    'padding by reflection',
    'Pad (Pad): has a gradient only in mode constant, not reflect',
    (g, x) => g.Pad(x, g.int64s([0, 0, 1, 1, 0, 0, 1, 1]), { mode: 'reflect' }),
  ],
  [
    'an average over windows that hang over the edge',
    'AveragePool (AveragePool): has a gradient only if ceil_mode adds no window',
    (g, x) => g.AveragePool(x, { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
  ],
  [
    'ONNX training mode',
    'BatchNormalization (BatchNormalization): has a gradient only outside training mode',
    (g, x) => {
      const ones = g.floats([1, 1, 1, 1]);
      return g.node('BatchNormalization', [x, ones, ones, ones, ones], { training_mode: 1 }, 3)[0]!;
    },
  ],
  ['an exponent', 'Pow (Pow): has no gradient with respect to input 1', (g, x) => g.Pow(g.floats(2), x)],
  [
    'slices at computed places',
    'Slice (Slice): has a gradient only if starts, axes and steps are constant',
    (g, x) => g.Slice(x, g.Neg(g.int64s([-1])), g.int64s([3]), g.int64s([2])),
  ],
  [
    'antialiasing',
    'Resize (Resize): has no gradient: its antialiasing is not computed',
    (g, x) => g.Resize(x, null, g.floats([1, 1, 0.5, 0.5]), { mode: 'linear', antialias: 1 }),
  ],
  [
    'half precision',
    'Mul (Mul): expected float32 or float64 to differentiate, found float16',
    (g, x) => {
      const half = g.Cast(x, { to: 10 });
      return g.Cast(g.Mul(half, half), { to: 1 });
    },
  ],
  [
    'a second derivative',
    'ReluGrad (espalier.ReluGrad): has no gradient rule',
    (g, x) => g.ReluGrad(x, g.Relu(x)),
  ],
];

describe('gradients refuse, naming the node', () => {
  it.each(refusals)('%s', (_, message, build) => {
    expect(() => differentiate(build)).toThrow(message);
  });

  it('an operator that nobody knows, on the way alone', () => {
    const foreign = (g: Builder, x: Value): Value => {
      const y = makeValue('y', 'float32', [2, 4, 5, 6]);
      g.graph.nodes.push({
        op: 'Blur',
        domain: 'shop',
        name: 'blur',
        inputs: [x],
        outputs: [y],
        attributes: {},
      });
      return y;
    };
    expect(() => differentiate(foreign)).toThrow('blur (shop.Blur): has no gradient rule: unknown operator');
    expect(
      differentiate((g, x) => {
        foreign(g, x);
        return g.Relu(x);
      }).shape,
    ).toEqual([2, 4, 5, 6]);
  });

  it('a loss that is no scalar', () => {
    const g = builderOf(emptyGraph('vector'));
    const x = g.input('x', 'float32', [3]);
    expect(() => gradients(g, g.Relu(x), [x])).toThrow('Relu: expected a scalar to differentiate, found [3]');
  });

  it('shapes that are not fixed', () => {
    const g = builderOf(emptyGraph('dynamic'));
    const x = g.input('x', 'float32', ['N', 3]);
    const loss = g.ReduceSum(g.Mul(x, x), null, { keepdims: 0 });
    expect(() => gradients(g, loss, [x])).toThrow('expected a fixed shape, found [N, 3]');
  });

  it('to decompose for old opsets', () => {
    expect(() => decompose(emptyGraph('old', 13))).toThrow('old: expected opset 18 or later, found 13');
  });
});
