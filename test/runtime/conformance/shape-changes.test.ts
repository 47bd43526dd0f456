import type { Builder } from '../../../src/graph/builder.ts';
import type { Value } from '../../../src/graph/graph.ts';
import { floats, int64s } from '../../../src/numeric/tensor.ts';
import { blocked } from '../../support/blocked.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeInference } from '../../support/executors.ts';
import { at, generate, indicesOf, type Reference, referenceOf } from '../../support/reference/array.ts';
import { convolution } from '../../support/reference/convolution.ts';
import { normals } from '../../support/run-graph.ts';

/** The same elements, row-major, under another shape, and behind it something that wants blocks again. */
const reshaping: Readonly<Record<string, (g: Builder, x: Value) => Value>> = {
  'Reshape to [2, 30, 2, 2]': (g, x) => g.Reshape(x, g.int64s([2, 30, 2, 2])),
  'Reshape to [20, 6, 2]': (g, x) => g.Reshape(x, g.int64s([20, 6, 2])),
  'Reshape twice': (g, x) => g.Reshape(g.Reshape(x, g.int64s([-1])), g.int64s([4, 15, 4])),
  Flatten: (g, x) => g.Flatten(x),
  'Flatten at 2': (g, x) => g.Flatten(x, { axis: 2 }),
  Unsqueeze: (g, x) => g.Unsqueeze(x, g.int64s([1])),
  'Unsqueeze and Squeeze': (g, x) => g.Squeeze(g.Unsqueeze(x, g.int64s([0, 3])), g.int64s([3])),
  Identity: (g, x) => g.Identity(x),
};

function reshaped(title: string, change: (g: Builder, x: Value) => Value): ConformanceCase<'x'> {
  const x = normals([2, 10, 4, 3], 1);
  return {
    title: `${title} of blocked channels`,
    inputs: { x },
    build(g, v) {
      const inside = blocked(g, v.x);
      const y = change(g, inside);
      // Both are read: the blocked one, and the row-major one under its new shape.
      return { y, twice: g.Add(y, y), inside: g.Neg(inside), again: change(g, blocked(g, g.Neg(v.x))) };
    },
    expected: () => ({
      y: x.data,
      twice: x.data.map((v) => 2 * v),
      inside: x.data.map((v) => -v),
      again: x.data.map((v) => -v),
    }),
  };
}

/** A reshaped fed input, initializer and computed value that are results as they are. */
function results(): ConformanceCase<'x'> {
  const x = normals([2, 3, 2], 1);
  const constant = normals([6], 2);
  return {
    title: 'results that are inputs and initializers in another shape',
    inputs: { x },
    build: (g, v) => ({
      fed: g.Reshape(v.x, g.int64s([12])),
      stored: g.Reshape(g.constant(constant), g.int64s([2, 3])),
      computed: g.Reshape(g.Neg(v.x), g.int64s([3, 4])),
      same: g.Identity(v.x),
    }),
    expected: () => ({
      fed: x.data,
      stored: constant.data,
      computed: x.data.map((v) => -v),
      same: referenceOf(x),
    }),
  };
}

/** One value in the layouts of a convolution, a reduction, a reshape and a product for each channel. */
function manyLayouts(channels: number): ConformanceCase<'factor' | 'x'> {
  const x = normals([2, channels, 4, 3], 1);
  const factor = normals([1, channels, 1, 1], 2);
  const ones = floats([1, channels, 1, 1], new Float32Array(channels).fill(1));
  const window = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
  return {
    title: `${channels} channels read in several layouts`,
    inputs: { x, factor },
    build(g, v) {
      const inside = blocked(g, v.x);
      return {
        sum: g.Conv(inside, g.constant(ones)),
        flat: g.Flatten(inside),
        scaled: g.Mul(inside, v.factor),
        total: g.ReduceSum(inside, g.int64s([0, 2, 3]), { keepdims: 0 }),
        doubled: g.Add(inside, v.x),
        turned: g.Transpose(inside, { perm: [0, 2, 3, 1] }),
      };
    },
    expected() {
      const array = referenceOf(x);
      const total = new Array<number>(channels).fill(0);
      for (const index of indicesOf(x.shape)) total[index[1]!]! += at(array, index);
      return {
        sum: convolution(array, referenceOf(ones), window),
        flat: x.data,
        scaled: generate(x.shape, (index) => at(array, index) * factor.data[index[1]!]!),
        total,
        doubled: x.data.map((v) => 2 * v),
        turned: generate([2, 4, 3, channels], ([n, h, w, c]) => at(array, [n!, c!, h!, w!])),
      };
    },
  };
}

/** Integers pass through, too. */
function integers(): ConformanceCase<'x'> {
  const x = int64s([5, 4, 3, 2, 1, 0]);
  const reversed: Reference = { shape: [2, 3], data: Float64Array.of(5, 4, 3, 2, 1, 0) };
  return {
    title: 'integers in another shape, cast and compared',
    inputs: { x },
    build(g, v) {
      const matrix = g.Reshape(v.x, g.int64s([2, 3]));
      return {
        matrix,
        cast: g.Cast(matrix, { to: 1 }),
        equal: g.Cast(g.Equal(v.x, g.int64s([5, 0, 3, 0, 1, 1])), { to: 1 }),
        best: g.ArgMax(g.Cast(matrix, { to: 1 }), { axis: 1, keepdims: 0 }),
        bestOfColumns: g.ArgMax(g.Cast(matrix, { to: 1 }), { axis: 0, keepdims: 1 }),
      };
    },
    expected: () => ({
      matrix: reversed,
      cast: reversed,
      equal: [1, 0, 1, 0, 1, 0],
      best: [0, 0],
      bestOfColumns: [0, 0, 0],
    }),
  };
}

describeInference('changes of shape and layout', (executor) => {
  checkCases(executor, [
    ...Object.entries(reshaping).map(([title, change]) => reshaped(title, change)),
    results(),
    ...[3, 10, 16, 33].map(manyLayouts),
    integers(),
  ]);
});
