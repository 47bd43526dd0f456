import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Value } from '../../src/graph/graph.ts';
import { filled, type Tensor } from '../../src/numeric/tensor.ts';
import { runGraph } from '../support/run-graph.ts';

/** The shape that inference states, and the one that onnxruntime computes; null where both refuse. */
async function shapes(shape: number[], build: (b: Builder, x: Value) => Value) {
  const b = builderOf(emptyGraph('test'));
  // The graph that runs keeps its sizes to itself, so that onnxruntime computes them by its own rules.
  const x = b.input('x', 'float32', shape);
  const y = b.output(build(b, x), 'y');
  const inferred = y.shape;
  x.shape = shape.map((_, axis) => `d${axis}`);
  y.shape = null;
  const results: Record<string, Tensor> = await runGraph(b.graph, { x: filled(shape, 1) });
  return { inferred, computed: results.y!.shape };
}

const size = fc.integer({ min: 5, max: 14 });
const pair = (arbitrary: fc.Arbitrary<number>) => fc.tuple(arbitrary, arbitrary);
const small = (min: number, max: number) => pair(fc.integer({ min, max }));
const windows = fc.record({
  size: pair(size),
  kernel_shape: small(1, 3),
  strides: small(1, 3),
  dilations: small(1, 2),
  begin: small(0, 2),
  end: small(0, 2),
  auto_pad: fc.constantFrom('NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
});

function attributesOf({
  begin,
  end,
  auto_pad,
  kernel_shape,
  strides,
  dilations,
}: typeof windows extends fc.Arbitrary<infer W> ? W : never) {
  // A pad must be smaller than the kernel; automatic padding excludes dilations in onnxruntime.
  const within = (pads: readonly number[]) => pads.map((pad, i) => Math.min(pad, kernel_shape[i]! - 1));
  const explicit = auto_pad === 'NOTSET';
  // Nor does it follow the specification where automatic padding would have to be negative: strides beyond the kernel.
  const covered = strides.map((stride, i) => Math.min(stride, kernel_shape[i]!));
  return {
    kernel_shape,
    strides: explicit ? strides : covered,
    auto_pad,
    dilations: explicit ? dilations : [1, 1],
    ...(explicit ? { pads: [...within(begin), ...within(end)] } : {}),
  };
}

const runs = { numRuns: 60 };

test('convolutions', async () => {
  await fc.assert(
    fc.asyncProperty(windows, async (window) => {
      const { inferred, computed } = await shapes([2, 3, ...window.size], (b, x) =>
        b.Conv(x, b.constant(filled([4, 3, ...window.kernel_shape], 1)), attributesOf(window)),
      );
      expect(inferred).toEqual(computed);
    }),
    runs,
  );
});

test('transposed convolutions', async () => {
  await fc.assert(
    fc.asyncProperty(windows, small(0, 2), async (window, extra) => {
      const attributes = attributesOf(window);
      const output_padding = extra.map((padding, i) => Math.min(padding, window.strides[i]! - 1));
      const { inferred, computed } = await shapes([2, 3, ...window.size], (b, x) =>
        b.ConvTranspose(x, b.constant(filled([3, 4, ...window.kernel_shape], 1)), {
          ...attributes,
          ...(attributes.auto_pad === 'NOTSET' ? { output_padding } : {}),
        }),
      );
      expect(inferred).toEqual(computed);
    }),
    runs,
  );
});

test('pools, rounded up too', async () => {
  await fc.assert(
    fc.asyncProperty(windows, fc.integer({ min: 0, max: 1 }), async (window, ceil_mode) => {
      const attributes = { ...attributesOf(window), ceil_mode };
      const { inferred, computed } = await shapes([2, 3, ...window.size], (b, x) => b.MaxPool(x, attributes));
      expect(inferred).toEqual(computed);
    }),
    runs,
  );
});

test('slices', async () => {
  const bound = fc.integer({ min: -12, max: 12 });
  const step = fc.integer({ min: -3, max: 3 }).filter((value) => value !== 0);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 9 }), pair(bound), step, async (length, [start, end], by) => {
      const { inferred, computed } = await shapes([2, length], (b, x) =>
        b.Slice(x, b.int64s([start]), b.int64s([end]), b.int64s([-1]), b.int64s([by])),
      );
      expect(inferred).toEqual(computed);
    }),
    runs,
  );
});

test('resizing', async () => {
  const scale = fc.constantFrom(0.3, 0.5, 1, 1.7, 2, 2.5);
  await fc.assert(
    fc.asyncProperty(pair(size), pair(scale), async (sizes, scales) => {
      const { inferred, computed } = await shapes([1, 2, ...sizes], (b, x) =>
        b.Resize(x, null, b.floats([1, 1, ...scales])),
      );
      expect(inferred).toEqual(computed);
    }),
    runs,
  );
});

/** How exporters bring pads of the last axis first, begins and ends in turn, into the order of Pad. */
const reordered = (b: Builder, pads: Value) => {
  const pairs = b.Reshape(pads, b.int64s([-1, 2]));
  const forward = b.Slice(pairs, b.int64s([-1]), b.int64s([-(2 ** 63)]), b.int64s([0]), b.int64s([-1]));
  return b.Cast(b.Reshape(b.Transpose(forward, { perm: [1, 0] }), b.int64s([-1])), { to: 7 });
};

test('pads that pass through a matrix', async () => {
  await fc.assert(
    fc.asyncProperty(pair(size), fc.array(fc.nat(3), { minLength: 8, maxLength: 8 }), async (sizes, pads) => {
      const { inferred, computed } = await shapes([2, 3, ...sizes], (b, x) => {
        const height = b.Gather(b.Shape(x), b.int64s([2]));
        return b.Pad(x, reordered(b, b.Concat(height, b.int64s(pads.slice(1)), { axis: 0 })));
      });
      expect(inferred).toEqual(computed);
    }),
    runs,
  );
});

test('a size within bounds, by the reciprocal of a side', async () => {
  await fc.assert(
    fc.asyncProperty(pair(size), fc.integer({ min: 8, max: 40 }), async (sizes, wanted) => {
      const { inferred, computed } = await shapes([1, 2, ...sizes], (b, x) => {
        const sides = b.Cast(b.Slice(b.Shape(x), b.int64s([2]), b.int64s([4])), { to: 1 });
        const shortest = b.ReduceMin(sides, null, { keepdims: 0 });
        const factor = b.Clip(b.Mul(b.Reciprocal(shortest), b.floats(wanted)), b.floats(0.5), b.floats(3));
        const scaled = b.Cast(b.Floor(b.Mul(b.Sqrt(b.Mul(sides, sides)), factor)), { to: 7 });
        return b.Resize(x, null, null, b.Concat(b.int64s([1, 2]), scaled, { axis: 0 }));
      });
      expect(inferred).toEqual(computed);
      expect(inferred).not.toContain(null);
    }),
    runs,
  );
});
