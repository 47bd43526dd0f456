import { describe, expect, test } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, makeValue, type Shape, type Value } from '../../src/graph/graph.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { filled } from '../../src/numeric/tensor.ts';

const newBuilder = (opset = 18): Builder => builderOf(emptyGraph('test', opset));
const image = (b: Builder, shape: Shape = ['N', 64, 32, 32]): Value => b.input('x', 'float32', shape);
const weight = (b: Builder, ...shape: number[]): Value => b.constant(filled(shape, 1));

describe('symbolic dimensions', () => {
  test('pass through a padded convolution, and say what a strided one makes of them', () => {
    const b = newBuilder();
    const x = image(b, ['N', 64, 'H', 'W']);
    expect(b.Conv(x, weight(b, 8, 64, 3, 3), { pads: [1, 1, 1, 1] }).shape).toEqual(['N', 8, 'H', 'W']);
    expect(b.Conv(x, weight(b, 8, 64, 3, 3), { strides: [2, 2] }).shape).toEqual([
      'N',
      8,
      'floor((H-1)/2)',
      'floor((W-1)/2)',
    ]);
  });

  test('survive the exporters’ Shape → Gather → Concat → Reshape', () => {
    const b = newBuilder();
    const x = image(b);
    const batch = b.Unsqueeze(
      b.Gather(b.Shape(x), b.constant({ dtype: 'int64', shape: [], data: BigInt64Array.of(0n) })),
      b.int64s([0]),
    );
    expect(b.Reshape(x, b.Concat(batch, b.int64s([-1]), { axis: 0 })).shape).toEqual(['N', 64 * 32 * 32]);
  });

  test.each([
    { target: [0, -1], shape: ['N', 65536] },
    { target: [-1, 65536], shape: ['N', 65536] },
    { target: [-1, 32768], shape: [null, 32768] },
    { target: [0, 2, 32, 32, -1], shape: ['N', 2, 32, 32, 32] },
    { target: [0, 0, -1], shape: ['N', 64, 1024] },
  ])('cancel in Reshape to $target', ({ target, shape }) => {
    const b = newBuilder();
    expect(b.Reshape(image(b), b.int64s(target)).shape).toEqual(shape);
  });

  test('an unknown dimension that is copied cancels too', () => {
    const b = newBuilder();
    expect(b.Reshape(image(b, [null, 64, 2, 2]), b.int64s([0, -1])).shape).toEqual([null, 256]);
  });

  test('are never −1: Where(shape == −1, 1, shape), as Expand is exported', () => {
    const b = newBuilder();
    const shape = b.Shape(image(b, ['N', 1]));
    const ones = b.Expand(b.int64s([1]), b.Shape(shape));
    const target = b.Where(b.Equal(shape, b.Mul(ones, b.int64s([-1]))), ones, shape);
    expect(b.Expand(weight(b, 1, 1), target).shape).toEqual(['N', 1]);
  });

  test('Slice to the last element keeps them, a shorter one does not', () => {
    const b = newBuilder();
    const slice = (start: number, end: number) =>
      b.Slice(image(b), b.int64s([start]), b.int64s([end]), b.int64s([0]), b.int64s([1])).shape?.[0];
    expect(slice(0, Number.MAX_SAFE_INTEGER)).toBe('N');
    expect(slice(1, Number.MAX_SAFE_INTEGER)).toBe(null);
    expect(slice(0, 5)).toBe(null);
  });

  test('broadcasting prefers what is certain', () => {
    const b = newBuilder();
    const [m, n] = [b.input('m', 'float32', ['M', 4]), b.input('n', 'float32', ['N', 1])];
    expect(b.Add(m, n).shape).toEqual([null, 4]);
    expect(b.Add(m, weight(b, 7, 1)).shape).toEqual([7, 4]);
    expect(b.Add(m, weight(b, 1, 1)).shape).toEqual(['M', 4]);
  });
});

describe('older opsets', () => {
  test('axes, sizes and ratios as attributes', () => {
    const b = newBuilder(11);
    const x = image(b, [1, 64, 1, 1]);
    expect(b.Squeeze(x, { axes: [2, 3] }).shape).toEqual([1, 64]);
    expect(b.ReduceSum(x, { axes: [-1], keepdims: 0 }).shape).toEqual([1, 64, 1]);
    expect(b.node('Split', [x], { axis: 1, split: [16, 48] }, 2).map(({ shape }) => shape?.[1])).toEqual([
      16, 48,
    ]);
  });
});

describe('what does not fit is named', () => {
  const cases: [string, (b: Builder) => unknown, string][] = [
    [
      'channels',
      (b) => b.named('conv1').Conv(image(b, [1, 32, 8, 8]), weight(b, 8, 64, 3, 3)),
      'conv1 (Conv): expected 64 input channels, got 32',
    ],
    [
      'window larger than the image',
      (b) => b.named('pool').MaxPool(image(b, [1, 8, 4, 4]), { kernel_shape: [7, 7] }),
      'pool (MaxPool): expected at least 7 elements under the window, got 4',
    ],
    [
      'elements of Reshape',
      (b) => b.named('flat').Reshape(image(b, [1, 8, 4, 4]), b.int64s([1, 100])),
      'flat (Reshape): expected 100 elements, got 128',
    ],
    [
      'remaining elements of Reshape',
      (b) => b.named('flat').Reshape(image(b, [1, 8, 4, 4]), b.int64s([100, -1])),
      'flat (Reshape): expected a multiple of 100 elements, got 128',
    ],
    [
      'broadcasting',
      (b) => b.named('sum').Add(weight(b, 2, 3), weight(b, 4)),
      'sum (Add): expected shapes that broadcast, got [2, 3] and [4]',
    ],
    [
      'types',
      (b) => b.named('sum').Add(weight(b, 1), b.int64s([1])),
      'sum (Add): expected constant_1 of type float32, got int64',
    ],
    [
      'features',
      (b) => b.named('fc').Gemm(weight(b, 1, 10), weight(b, 5, 12), { transB: 1 }),
      'fc (Gemm): expected 12 input features, got 10',
    ],
    [
      'biases',
      (b) => b.named('fc').Gemm(weight(b, 1, 10), weight(b, 10, 5), weight(b, 7, 5)),
      'fc (Gemm): expected a bias that broadcasts to [1, 5], got [7, 5]',
    ],
    [
      'slopes',
      (b) => b.named('act').PRelu(weight(b, 2, 1), weight(b, 3)),
      'act (PRelu): expected a slope that broadcasts to [2, 1], got [3]',
    ],
    [
      'axes',
      (b) => b.named('cut').Squeeze(weight(b, 1, 10), b.int64s([2])),
      'cut (Squeeze): expected an axis in [-2, 1], got 2',
    ],
    [
      'parts',
      (b) => b.named('parts').node('Split', [weight(b, 1, 10), b.int64s([4, 4])], { axis: 1 }, 2),
      'parts (Split): expected 10 elements in all parts, got 8',
    ],
    [
      'parameters of a normalisation',
      (b) => {
        const four = weight(b, 4);
        return b.named('bn').BatchNormalization(image(b, [1, 8, 4, 4]), four, four, four, four);
      },
      'bn (BatchNormalization): expected 8 channels in constant, got 4',
    ],
  ];
  test.each(cases)('%s', (_, build, message) => {
    expect(() => build(newBuilder())).toThrow(message);
  });
});

describe('absurd graphs neither hang nor allocate', () => {
  const huge = 2 ** 51;
  test('a tensor of 2⁵¹ elements has a shape and no contents', () => {
    const b = newBuilder();
    const value = b.ConstantOfShape(b.int64s([huge]));
    expect(value.shape).toEqual([huge]);
    expect(b.Tile(value, b.int64s([2])).shape).toEqual([2 * huge]);
  });

  test('dimensions beyond 2⁵³ are refused', () => {
    const b = newBuilder();
    const value = b.ConstantOfShape(b.int64s([huge]));
    expect(() => b.named('t').Tile(value, b.int64s([4]))).toThrow(
      't (Tile): expected a dimension, got 9007199254740992',
    );
    const plane = b.ConstantOfShape(b.int64s([1, huge, huge]));
    expect(() => b.named('f').Flatten(plane)).toThrow('f (Flatten): expected a dimension, got');
  });

  test('negative dimensions are refused', () => {
    const b = newBuilder();
    expect(() => b.ConstantOfShape(b.int64s([-2]))).toThrow('expected a dimension, got -2');
    expect(() => b.Reshape(image(b), b.int64s([-2, 1]))).toThrow('expected a dimension, got -2');
  });

  test('a Range of 2⁵⁰ elements', () => {
    const b = newBuilder();
    const bound = (value: number) =>
      b.Gather(b.int64s([value]), b.constant({ dtype: 'int64', shape: [], data: BigInt64Array.of(0n) }));
    expect(b.Range(bound(0), bound(2 ** 50), bound(1)).shape).toEqual([2 ** 50]);
  });
});

describe('whole graphs', () => {
  test('inferred types replace stale ones, and fill in what the file leaves open', () => {
    const b = newBuilder();
    const y = b.output(b.Relu(image(b, ['N', 3])));
    y.shape = ['N', 7];
    y.dtype = 'int8';
    inferShapes(b.graph);
    expect([y.dtype, y.shape]).toEqual(['float32', ['N', 3]]);
    b.graph.inputs[0]!.shape = [null, 3];
    y.shape = ['batch', 3];
    inferShapes(b.graph);
    expect(y.shape).toEqual(['batch', 3]);
  });

  test('unknown operators leave their outputs as the file has them', () => {
    const b = newBuilder();
    const y = makeValue('y', 'float32', [1, 2]);
    b.graph.nodes.push({
      op: 'Novel',
      domain: 'com.example',
      name: 'n',
      inputs: [image(b)],
      outputs: [y],
      attributes: {},
    });
    inferShapes(b.graph);
    expect(y.shape).toEqual([1, 2]);
  });

  test('Constant nodes get their contents', () => {
    const b = newBuilder();
    const c = b.Constant({ value_ints: [1, -1] });
    expect(c.tensor?.data).toEqual(BigInt64Array.of(1n, -1n));
    expect(b.Reshape(weight(b, 2, 3), c).shape).toEqual([1, 6]);
  });
});
