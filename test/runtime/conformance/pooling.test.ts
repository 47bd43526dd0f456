import { elementCount, floats } from '../../../src/numeric/tensor.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeInference } from '../../support/executors.ts';
import { referenceOf } from '../../support/reference/array.ts';
import { placesOf } from '../../support/reference/convolution.ts';
import {
  averagePool,
  averagePoolGradient,
  maxPool,
  maxPoolGradient,
} from '../../support/reference/pooling.ts';
import { normals } from '../../support/run-graph.ts';

interface Pool {
  readonly shape: readonly number[];
  readonly kernel: readonly number[];
  readonly strides?: readonly number[];
  readonly pads?: readonly number[];
  readonly dilations?: readonly number[];
  readonly countsPads?: boolean;
  /** Few different numbers, so that most windows hold their maximum twice. */
  readonly ties?: boolean;
}

function settled({ shape, kernel, ...given }: Pool) {
  const window = {
    kernel,
    strides: given.strides ?? kernel.map(() => 1),
    pads: given.pads ?? [...kernel, ...kernel].map(() => 0),
    dilations: given.dilations ?? kernel.map(() => 1),
  };
  const places = placesOf(shape.slice(2), kernel, { ...window, group: 1 });
  const random = normals(shape, 1);
  const x = given.ties ? floats(shape, random.data.map(Math.round)) : random;
  const dy = normals([shape[0]!, shape[1]!, ...places], 2);
  return { window, x, dy };
}

const describePool = (op: string, { shape, ...rest }: Pool): string =>
  `${op} of [${shape}] ${JSON.stringify(rest)}`;

function maximum(pool: Pool): ConformanceCase<'dy' | 'x'> {
  const { window, x, dy } = settled(pool);
  const { kernel, ...others } = window;
  const attributes = { kernel_shape: kernel, ...others };
  return {
    title: describePool('MaxPool', pool),
    inputs: { x, dy },
    build(g, values) {
      const [y] = g.node('MaxPool', [values.x!], attributes, 1);
      return { y: y!, dx: g.MaxPoolGrad(values.dy, y!, values.x, attributes) };
    },
    expected: () => ({
      y: maxPool(referenceOf(x), window),
      dx: maxPoolGradient(referenceOf(dy), referenceOf(x), window),
    }),
  };
}

function average(pool: Pool): ConformanceCase<'dy' | 'x'> {
  const { window, x, dy } = settled(pool);
  const { kernel, strides, pads } = window;
  const countsPads = pool.countsPads ?? false;
  const attributes = { kernel_shape: kernel, strides, pads, count_include_pad: Number(countsPads) };
  return {
    title: describePool('AveragePool', pool),
    inputs: { x, dy },
    build: (g, values) => ({
      y: g.AveragePool(values.x, attributes),
      dx: g.AveragePoolGrad(values.dy, { ...attributes, size: x.shape }),
    }),
    expected: () => ({
      y: averagePool(referenceOf(x), window, countsPads),
      dx: averagePoolGradient(referenceOf(dy), { ...window, shape: x.shape, countsPads }),
    }),
  };
}

/** Padding is less than any element, also where all of them are negative. */
function negative(): ConformanceCase<'x'> {
  const x = floats(
    [1, 10, 3, 3],
    normals([1, 10, 3, 3], 1).data.map((v) => -1 - Math.abs(v)),
  );
  const window = { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };
  return {
    title: 'MaxPool of negative numbers, padded',
    inputs: { x },
    build: (g, values) => ({
      y: g.node('MaxPool', [values.x!], { kernel_shape: [3, 3], pads: window.pads }, 1)[0]!,
    }),
    expected: () => ({ y: maxPool(referenceOf(x), window) }),
  };
}

/** One window over everything. */
function globalAverage(shape: readonly number[]): ConformanceCase<'x'> {
  const x = normals(shape, 1);
  const places = elementCount(shape.slice(2));
  return {
    title: `GlobalAveragePool of [${shape}]`,
    inputs: { x },
    build: (g, values) => ({ y: g.GlobalAveragePool(values.x) }),
    expected() {
      const data = Float64Array.from({ length: shape[0]! * shape[1]! }, (_, row) =>
        x.data.subarray(row * places, (row + 1) * places).reduce((sum, v) => sum + v / places, 0),
      );
      return { y: { shape: [shape[0]!, shape[1]!, ...shape.slice(2).map(() => 1)], data } };
    },
  };
}

describeInference('pools and their gradients', (executor) => {
  const ofChannels = [1, 3, 10, 16, 17, 24, 33].map((channels) => [2, channels, 6, 5]);
  const twoByTwo = { kernel: [2, 2], strides: [2, 2] };
  const maxima: Pool[] = [
    ...ofChannels.map((shape) => ({ shape, ...twoByTwo })),
    { shape: [1, 10, 4, 4], ...twoByTwo },
    { shape: [2, 10, 6, 6], ...twoByTwo, ties: true },
    { shape: [2, 3, 6, 6], ...twoByTwo, ties: true },
    { shape: [2, 16, 7, 7], kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ties: true },
    { shape: [1, 17, 5, 6], kernel: [3, 3], strides: [1, 1], ties: true },
    { shape: [1, 1, 5, 6], kernel: [3, 2], strides: [1, 1], ties: true },
    { shape: [2, 16, 6, 7], kernel: [3, 2], strides: [2, 3], pads: [1, 0, 0, 1] },
    { shape: [2, 10, 7, 7], kernel: [2, 2], dilations: [2, 3], strides: [1, 2], ties: true },
    { shape: [2, 16, 4, 4], kernel: [4, 4], ties: true },
    { shape: [2, 10, 9], kernel: [3], strides: [2], pads: [1, 0], ties: true },
    { shape: [1, 3, 4, 5, 4], kernel: [2, 2, 2], strides: [2, 1, 2], ties: true },
  ];
  const averages: Pool[] = [
    ...ofChannels.map((shape) => ({ shape, ...twoByTwo })),
    { shape: [1, 16, 7, 7], kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    { shape: [1, 16, 7, 7], kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], countsPads: true },
    { shape: [2, 10, 6, 7], kernel: [3, 2], strides: [2, 3], pads: [1, 0, 0, 1] },
    { shape: [2, 3, 6, 7], kernel: [3, 2], strides: [2, 1], pads: [0, 1, 2, 1], countsPads: true },
    { shape: [2, 17, 4, 4], kernel: [4, 4] },
    { shape: [2, 16, 7, 6], kernel: [1, 1], strides: [2, 2] },
    { shape: [2, 10, 9], kernel: [3], strides: [2], pads: [1, 0] },
    { shape: [1, 3, 4, 5, 4], kernel: [2, 2, 2], strides: [2, 1, 2] },
  ];
  checkCases(executor, [
    ...maxima.map(maximum),
    ...averages.map(average),
    negative(),
    ...[
      [2, 10, 4, 3],
      [1, 3, 5, 5],
      [2, 33, 1, 1],
      [2, 16, 7],
    ].map(globalAverage),
  ]);
});
