import { floats } from '../../../src/numeric/tensor.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import { map, referenceOf, zip } from '../../support/reference/array.ts';
import { convolution } from '../../support/reference/convolution.ts';
import { normals } from '../../support/run-graph.ts';

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

function reluGradient(shape: readonly number[]): ConformanceCase {
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

describeExecutors('activations', (executor) => {
  checkCases(executor, [
    ...(Object.keys(unaries) as Unary[]).map(unary),
    ...[[2, 10, 4, 5], [7], [3, 17], [2, 3, 5]].map(reluGradient),
  ]);
});
