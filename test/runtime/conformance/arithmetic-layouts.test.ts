import { floats } from '../../../src/numeric/tensor.ts';
import { type Binary, binaries, numbersOf } from '../../support/binary-operators.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeInference } from '../../support/executors.ts';
import { map, type Reference, referenceOf, zip } from '../../support/reference/array.ts';
import { convolution, weightGradient } from '../../support/reference/convolution.ts';
import { normals } from '../../support/run-graph.ts';

/** The first operand comes out of a convolution, in whatever layout that left it. */
function behindConvolution(
  op: Binary,
  channels: number,
  right: readonly number[],
): ConformanceCase<'b' | 'w' | 'x'> {
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
function behindConvolutionWithRelu(op: Binary, channels: number): ConformanceCase<'w' | 'w2' | 'x'> {
  const x = normals([2, 3, 4, 5], 1);
  const [w, w2] = [normals([channels, 3, 1, 1], 2), normals([channels, 3, 1, 1], 3)];
  const window = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
  const relu = (value: number) => Math.max(value, 0);
  return {
    title: `Relu of ${op} of ${channels} convolved channels, with others and with themselves`,
    inputs: { x, w, w2 },
    build(g, v) {
      const [first, second, third] = [g.Conv(v.x, v.w), g.Conv(v.x, v.w2), g.Conv(v.x, v.w)];
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
function weightProducts(
  shape: readonly [number, number, number, number],
): ConformanceCase<'a' | 'b' | 'dy' | 'x'> {
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

describeInference('arithmetic on what convolutions leave', (executor) => {
  checkCases(executor, [
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
  ]);
});
