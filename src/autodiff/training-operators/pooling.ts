import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { AttributesOf, TrainingOperatorName } from '../../graph/operators/index.ts';
import { elementCount, filled, floats } from '../../numeric/tensor.ts';
import { zip } from '../../numeric/zip.ts';
import { number, reshape, zeros } from '../append.ts';
import { dims } from '../call.ts';
import { insertZeros } from '../insert-zeros.ts';
import { adjointWindow } from '../window.ts';
import type { Decompositions } from './decomposition.ts';

/** 1/count for the number of elements that each position averages: [1, 1, …places], or a scalar if all are equal. */
function shares(g: Builder, dy: Value, attributes: AttributesOf<'AveragePoolGrad'>): Value {
  const { kernel_shape: kernel = [], pads = [], count_include_pad } = attributes;
  if (count_include_pad || pads.every((pad) => pad === 0)) return number(g, 1 / elementCount(kernel), dy);
  const places = dims(dy).slice(2);
  const counts = places.map((count, axis) =>
    Array.from({ length: count }, (_, place) => elementsUnder(attributes, axis, place)),
  );
  const all = counts.reduce<number[]>((list, along) => list.flatMap((a) => along.map((b) => a * b)), [1]);
  return g.constant(
    floats(
      [1, 1, ...places],
      all.map((count) => 1 / count),
    ),
  );
}

/** Number of input elements (without padding) under a window along one axis. */
function elementsUnder(
  { kernel_shape = [], strides = [], pads = [], size = [] }: AttributesOf<'AveragePoolGrad'>,
  axis: number,
  place: number,
): number {
  const first = place * (strides[axis] ?? 1) - (pads[axis] ?? 0);
  return Math.min(first + kernel_shape[axis]!, size[axis + 2]!) - Math.max(first, 0);
}

/** dx of a pool that selects every n-th element: inserts zeros, and crops or adds zeros after the last. */
function subsamplingGradient(
  g: Builder,
  dy: Value,
  { strides, size }: { readonly strides: readonly number[]; readonly size: readonly number[] },
): Value {
  const apart = insertZeros(g, dy, [0, 0, ...strides.map((stride) => stride - 1)]);
  const behind = zip(size, dims(apart)).map(([length, found]) => length - found);
  return behind.every((pad) => pad === 0) ? apart : g.Pad(apart, g.int64s([...size.map(() => 0), ...behind]));
}

/** Gradients of pools. */
export const poolingDecompositions = {
  /**
   * Uses the indices from MaxPool; of equal elements, it selects the first. MaxPool 2×2 and its gradient on 8 MB take 8 ms,
   * against 15 ms for comparing with the maxima at each kernel position.
   */
  MaxPoolGrad: ({ inputs: { dy, x }, attributes }, g) => {
    const indices = g.node('MaxPool', [x], attributes, 2)[1] as Value;
    const flat = zeros(g, [elementCount(dims(x))], x);
    const added = { axis: 0, reduction: 'add' };
    const dx = g.ScatterElements(flat, reshape(g, indices, [-1]), reshape(g, dy, [-1]), added);
    return [reshape(g, dx, dims(x))];
  },
  /**
   * The adjoint of a convolution with ones, where each channel is treated as an image. A global pool broadcasts its gradient;
   * a pool over single elements inserts zeros.
   */
  AveragePoolGrad: ({ inputs: { dy }, attributes }, g) => {
    const { kernel_shape: kernel = [], strides = kernel.map(() => 1), pads = [], size = [] } = attributes;
    if (pads.every((pad) => pad === 0)) {
      if (kernel.every((length, axis) => length === size[axis + 2]))
        return [g.Expand(g.Mul(dy, shares(g, dy, attributes)), g.int64s(size))];
      if (kernel.every((length) => length === 1)) return [subsamplingGradient(g, dy, { strides, size })];
    }
    const [batch, channels, ...places] = dims(dy, 2);
    const images = reshape(g, g.Mul(dy, shares(g, dy, attributes)), [batch * channels, 1, ...places]);
    const ones = g.constant(filled([1, 1, ...kernel], 1));
    const window = adjointWindow(attributes, { places, kernel, size: size.slice(2) });
    return [reshape(g, g.ConvTranspose(images, ones, window), size)];
  },
} satisfies Partial<Decompositions<TrainingOperatorName>>;
