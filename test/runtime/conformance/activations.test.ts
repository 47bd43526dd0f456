import { floats, type Tensor } from '../../../src/numeric/tensor.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeInference } from '../../support/executors.ts';
import { activations } from '../../support/reference/activations.ts';
import { map, referenceOf, zip } from '../../support/reference/array.ts';
import { convolution } from '../../support/reference/convolution.ts';
import { normals } from '../../support/run-graph.ts';

const unaries = [
  'Relu',
  'Sigmoid',
  'Tanh',
  'Exp',
  'Log',
  'Abs',
  'Sqrt',
  'Neg',
  'Reciprocal',
  'HardSwish',
  'HardSigmoid',
  'LeakyRelu',
  'Softplus',
  'Mish',
] as const;

type Unary = (typeof unaries)[number];

/** Those that are defined, or tame, for positive numbers alone. */
const ofPositive: ReadonlySet<Unary> = new Set<Unary>(['Log', 'Sqrt', 'Reciprocal']);

/**
 * On channels that fill no block: f(0) of the padding, where it is not 0, must not leak into the sum that a convolution
 * takes next.
 */
function unary(op: Unary): ConformanceCase<'x'> {
  const random = normals([2, 10, 3, 4], 1, 2);
  const x = ofPositive.has(op)
    ? floats(
        random.shape,
        random.data.map((v) => Math.abs(v) + 0.1),
      )
    : random;
  const ones = floats([1, 10, 1, 1], new Float32Array(10).fill(1));
  const window = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
  return {
    title: `${op} of blocked channels, then their sum`,
    inputs: { x },
    tolerance: 3e-5,
    build(g, v) {
      const y = g[op](g.MaxPool(v.x, { kernel_shape: [1, 1] }));
      return { plain: g[op](v.x), y, sums: g.Conv(y, g.constant(ones)) };
    },
    expected() {
      const y = map(referenceOf(x), activations[op]);
      return { plain: y, y, sums: convolution(y, referenceOf(ones), window) };
    },
  };
}

function reluGradient(shape: readonly number[]): ConformanceCase<'dy' | 'y'> {
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

type Bounds = readonly [low: Tensor | null, high: Tensor | null];

/** One bound a channel, as a network without residual connections has them. */
const perChannel = (channels: number, seed: number, shift: number): Tensor => {
  const { data } = normals([channels], seed);
  return floats(
    [1, channels, 1, 1],
    data.map((v) => v + shift),
  );
};

const boundsOf = ([low, high]: Bounds, [, channels]: readonly number[]) => {
  const at = (bound: Tensor | null, i: number, absent: number): number => {
    if (!bound) return absent;
    return Number(bound.data[bound.data.length === 1 ? 0 : Math.floor(i / 20) % channels!]);
  };
  return (i: number) => ({ low: at(low, i, -Infinity), high: at(high, i, Infinity) });
};

/** Behind a pooling, so that channels lie in blocks; on images of 4 × 5. */
function bounded(title: string, channels: number, [low, high]: Bounds): ConformanceCase<'dy' | 'x'> {
  const shape = [2, channels, 4, 5];
  const [x, dy] = [normals(shape, 1, 2), normals(shape, 2)];
  const of = boundsOf([low, high], shape);
  return {
    title: `${title}, ${channels} channels`,
    inputs: { x, dy },
    build(g, v) {
      const [blocked] = g.node('MaxPool', [v.x!], { kernel_shape: [1, 1] }, 1);
      const [a, b] = [low && g.constant(low), high && g.constant(high)];
      const isScalar = [low, high].every((bound) => !bound || bound.data.length === 1);
      const above = a ? g.Max(blocked!, a) : blocked!;
      const y = isScalar ? g.Clip(blocked!, a, b) : b ? g.Min(above, b) : above;
      return { y, dx: g.ClipGrad(v.dy, y, a, b) };
    },
    expected() {
      const y = referenceOf(x);
      const dx = referenceOf(dy);
      y.data.forEach((value, i) => {
        const { low, high } = of(i);
        if (value <= low || value >= high) dx.data[i] = 0;
        y.data[i] = Math.min(Math.max(value, low), high);
      });
      return { y, dx };
    },
  };
}

const number = (value: number): Tensor => floats([], [value]);

describeInference('activations', (executor) => {
  checkCases(executor, [
    ...unaries.map(unary),
    ...[[2, 10, 4, 5], [7], [3, 17], [2, 3, 5]].map(reluGradient),
    ...[16, 10, 3].flatMap((channels) => [
      bounded('Clip and its gradient', channels, [number(0), number(6)]),
      bounded('Clip between bounds of one sign', channels, [number(0.5), number(1)]),
      bounded('Clip without an upper bound', channels, [number(-0.5), null]),
      bounded('Clip without a lower bound', channels, [null, number(0.25)]),
      bounded('Max with a bound a channel', channels, [perChannel(channels, 3, -1), null]),
      bounded('Min with a bound a channel', channels, [null, perChannel(channels, 3, 1)]),
      bounded('Both with bounds a channel', channels, [
        perChannel(channels, 3, -4),
        perChannel(channels, 4, 4),
      ]),
    ]),
  ]);
});
