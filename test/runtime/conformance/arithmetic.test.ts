import { type Float32Tensor, floats } from '../../../src/numeric/tensor.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import {
  broadcastAt,
  generate,
  map,
  type Reference,
  referenceOf,
  zip,
} from '../../support/reference/array.ts';
import { convolution, weightGradient } from '../../support/reference/convolution.ts';
import { normals } from '../../support/run-graph.ts';

const binaries = {
  Add: (a: number, b: number) => a + b,
  Sub: (a: number, b: number) => a - b,
  Mul: (a: number, b: number) => a * b,
  Div: (a: number, b: number) => a / b,
  Max: (a: number, b: number) => Math.max(a, b),
  Min: (a: number, b: number) => Math.min(a, b),
} as const;

type Binary = keyof typeof binaries;
type Shape = readonly number[];

const larger = (a: Shape, b: Shape): number[] => {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => Math.max(a.at(axis - rank) ?? 1, b.at(axis - rank) ?? 1));
};

/** Far enough from zero to divide by. */
const numbersOf = (shape: Shape, seed: number): Float32Tensor =>
  floats(
    shape,
    normals(shape, seed).data.map((v) => v + Math.sign(v) * 0.5),
  );

function binary(op: Binary, left: Shape, right: Shape): ConformanceCase {
  const [a, b] = [numbersOf(left, 1), numbersOf(right, 2)];
  return {
    title: `${op} [${left}] [${right}]`,
    inputs: { a, b },
    build: (g, v) => ({ y: g[op](v.a, v.b) }),
    expected() {
      const [x, y] = [referenceOf(a), referenceOf(b)];
      return {
        y: generate(larger(left, right), (index) =>
          binaries[op](broadcastAt(x, index), broadcastAt(y, index)),
        ),
      };
    },
  };
}

/** The first operand comes out of a convolution, in whatever layout that left it. */
function behindConvolution(op: Binary, channels: number, right: Shape): ConformanceCase {
  const x = normals([2, 3, 4, 5], 1);
  const w = normals([channels, 3, 1, 1], 2);
  const b = numbersOf(right, 3);
  const window = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
  return {
    title: `${op} of ${channels} convolved channels and [${right}], then 1×1 again`,
    inputs: { x, w, b },
    build(g, v) {
      const y = g[op](g.Conv(v.x, v.w), v.b);
      return {
        y,
        sums: g.Conv(y, g.constant(floats([1, channels, 1, 1], new Float32Array(channels).fill(1)))),
      };
    },
    expected() {
      const y = zip(convolution(referenceOf(x), referenceOf(w), window), referenceOf(b), binaries[op]);
      const ones: Reference = { shape: [1, channels, 1, 1], data: new Float64Array(channels).fill(1) };
      return { y, sums: convolution(y, ones, window) };
    },
  };
}

/** A Relu alone reads the result: of channels that pad a block, in place of an operand that dies. */
function behindConvolutionWithRelu(op: Binary, channels: number): ConformanceCase {
  const x = normals([2, 3, 4, 5], 1);
  const [w, w2] = [normals([channels, 3, 1, 1], 2), normals([channels, 3, 1, 1], 3)];
  const window = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
  const relu = (value: number) => Math.max(value, 0);
  return {
    title: `Relu of ${op} of ${channels} convolved channels, with others and with themselves`,
    inputs: { x, w, w2 },
    build(g, v) {
      const [first, second, third] = [v.w, v.w2, v.w].map((weight) => g.Conv(v.x, weight));
      return { y: g.Relu(g[op](first, second)), same: g.Relu(g[op](third, third)) };
    },
    expected() {
      const [a, b] = [w, w2].map((weight) => convolution(referenceOf(x), referenceOf(weight), window));
      return {
        y: map(zip(a!, b!, binaries[op]), relu),
        same: map(zip(a!, a!, binaries[op]), relu),
      };
    },
  };
}

/** A gradient of weights that two products read, in the layout that the convolution left it in. */
function weightProducts(shape: readonly [number, number, number, number]): ConformanceCase {
  const [filters, channels, ...kernel] = shape;
  const [a, b] = [normals(shape, 1), normals(shape, 2)];
  const x = normals([2, channels, 4, 5], 3);
  const dy = normals([2, filters, 5 - kernel[0]!, 6 - kernel[1]!], 4);
  const window = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
  return {
    title: `products of a gradient of weights [${shape}]`,
    inputs: { a, b, x, dy },
    build(g, v) {
      const dw = g.ConvGradWeight(v.x, v.dy, { ...window, size: shape });
      return { da: g.Mul(dw, v.a), db: g.Mul(v.b, dw), dc: g.Div(g.Add(v.a, dw), v.b) };
    },
    expected() {
      const dw = weightGradient(referenceOf(x), referenceOf(dy), window, shape);
      const [first, second] = [referenceOf(a), referenceOf(b)];
      return {
        da: zip(dw, first, binaries.Mul),
        db: zip(dw, second, binaries.Mul),
        dc: zip(zip(dw, first, binaries.Add), second, binaries.Div),
      };
    },
  };
}

const unaries = {
  Relu: (x: number) => Math.max(x, 0),
  Sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  Tanh: Math.tanh,
  Exp: Math.exp,
  Log: Math.log,
  Abs: Math.abs,
  Sqrt: Math.sqrt,
  HardSwish: (x: number) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
} as const;

type Unary = keyof typeof unaries;

/**
 * On channels that fill no block: f(0) of the padding, where it is not 0, must not leak into the sum that a convolution
 * takes next.
 */
function unary(op: Unary): ConformanceCase {
  const random = normals([2, 10, 3, 4], 1, 2);
  const x = op === 'Log' || op === 'Sqrt' ? floats(random.shape, random.data.map(Math.abs)) : random;
  const ones = floats([1, 10, 1, 1], new Float32Array(10).fill(1));
  const window = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
  return {
    title: `${op} of blocked channels, then their sum`,
    inputs: { x },
    tolerance: 3e-5,
    build(g, v) {
      const y = g[op](g.node('MaxPool', [v.x!], { kernel_shape: [1, 1] }, 1)[0]);
      return { plain: g[op](v.x), y, sums: g.Conv(y, g.constant(ones)) };
    },
    expected() {
      const y = map(referenceOf(x), unaries[op]);
      return { plain: y, y, sums: convolution(y, referenceOf(ones), window) };
    },
  };
}

function reluGradient(shape: Shape): ConformanceCase {
  const tiny = normals(shape, 1);
  // Where y is 0 exactly nothing passes; where it is as small as floats are, all of it.
  const y = floats(
    shape,
    tiny.data.map((v, i) => (i % 5 === 0 ? 0 : i % 5 === 1 ? 1e-30 : Math.max(0, v))),
  );
  const dy = normals(shape, 2);
  return {
    title: `ReluGrad of [${shape}]`,
    inputs: { dy, y },
    build: (g, v) => ({ dx: g.ReluGrad(v.dy, v.y) }),
    expected: () => ({ dx: zip(referenceOf(dy), referenceOf(y), (d, v) => (v > 0 ? d : 0)) }),
  };
}

describeExecutors('arithmetic, element by element', (executor) => {
  const names = Object.keys(binaries) as Binary[];
  const image = [2, 10, 4, 5];
  checkCases(executor, [
    ...names.flatMap((op) => [
      binary(op, image, image),
      binary(op, image, []),
      binary(op, image, [1, 10, 1, 1]),
      binary(op, [1, 10, 1, 1], image),
    ]),
    binary('Mul', image, [10, 1, 1]),
    binary('Mul', image, [2, 10, 1, 1]),
    binary('Mul', image, [2, 1, 4, 5]),
    binary('Mul', image, [4, 5]),
    binary('Mul', image, [5]),
    binary('Mul', image, [1]),
    binary('Mul', image, [1, 10, 1, 5]),
    binary('Add', image, [2, 1, 4, 1]),
    binary('Sub', [2, 1, 4, 5], [2, 10, 1, 1]),
    binary('Add', [3, 1], [1, 4]),
    binary('Add', [], []),
    binary('Mul', [], [3]),
    binary('Div', [7], [7]),
    binary('Sub', [3, 17], [17]),
    binary('Add', [1, 3], [3]),
    binary('Add', [2, 3, 2, 3, 2, 2], [2, 3, 2, 3, 2, 2]),
    binary('Mul', [2, 3, 2, 3, 2, 2], [2, 1, 1, 2]),
    // A filter skeleton times weights.
    binary('Mul', [17, 10, 3, 3], [17, 1, 3, 3]),
    binary('Mul', [16, 16, 3, 3], [16, 1, 3, 3]),
    binary('Mul', [1, 3, 5, 5], [1, 1, 5, 5]),
    ...[10, 16, 3].flatMap((channels) => [
      behindConvolution('Add', channels, [2, channels, 4, 5]),
      behindConvolution('Mul', channels, [1, channels, 1, 1]),
      behindConvolution('Mul', channels, [2, channels, 1, 1]),
      behindConvolution('Mul', channels, []),
      behindConvolution('Sub', channels, [4, 5]),
      // In the padding 0/0.
      behindConvolution('Div', channels, [2, channels, 4, 5]),
      behindConvolution('Div', channels, [1, channels, 1, 1]),
      behindConvolution('Add', channels, []),
    ]),
    ...[3, 10, 16, 17].flatMap((channels) =>
      (['Add', 'Sub', 'Mul', 'Max', 'Min'] as const).map((op) => behindConvolutionWithRelu(op, channels)),
    ),
    weightProducts([10, 1, 1, 1]),
    weightProducts([10, 17, 3, 3]),
    weightProducts([16, 3, 1, 1]),
    ...(Object.keys(unaries) as Unary[]).map(unary),
    ...[[2, 10, 4, 5], [7], [3, 17], [2, 3, 5]].map(reluGradient),
  ]);
});
