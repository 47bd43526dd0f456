import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { Window } from '../../graph/window.ts';
import { elementCount, floats } from '../../numeric/tensor.ts';
import { zip } from '../../numeric/zip.ts';
import { joined, reshape, transposed } from '../append.ts';
import { allAxes, allBut, dims } from '../call.ts';

interface Operands {
  /** [N, C, …size]. */
  readonly x: Value;
  /** [N, M, …places]. */
  readonly dy: Value;
}

interface Convolution extends Window {
  readonly group: number;
  /** [M, C/group, …kernel], the shape of the gradient. */
  readonly size: readonly number[];
}

/** Below this number of channels, matrix products per kernel position are inefficient. */
const FEW_CHANNELS = 8;

/**
 * dw[m, c, k] = Σ over images and places of x[c, place·stride + k·dilation]·dy[m, place]. The form depends on the layer:
 * ms in onnxruntime on 2 cores, batch 128 (64 where marked *), by bench/decompositions.ts:
 *
 * | layer                 | tap by tap | unfolded | across images | transposed convolution |
 * | --------------------- | ---------: | -------: | ------------: | ---------------------: |
 * | 3×3, 16 → 16 on 32²   |         13 |       19 |            16 |                     40 |
 * | 3×3, 64 → 64 on 32² * |         34 |       49 |            42 |                    113 |
 * | 3×3, 128 → 128 on 16² * |       29 |       35 |            31 |                     75 |
 * | 3×3, 512 → 512 on 4²  |        119 |      159 |            57 |                     81 |
 * | 3×3, 3 → 16 on 32²    |         11 |        8 |             8 |                     13 |
 * | 3×3/2, 16 → 32 on 32² |         15 |        5 |            17 |                     15 |
 * | 3×3/2, 256 → 512 on 8² |        58 |       78 |            36 |                     45 |
 * | 1×1, 64 → 64 on 16²   |          1 |       16 |             3 |                     20 |
 */
export function weightGradient(g: Builder, operands: Operands, convolution: Convolution): Value {
  return weightGradientForms[fastestForm(operands, convolution)](g, operands, convolution);
}

/** Equivalent ways to compute it; `depthwise` requires one filter per channel. */
export const weightGradientForms = { depthwise, tapByTap, acrossImages, unfolded };

function fastestForm(
  { dy }: Operands,
  { group, size, strides }: Convolution,
): keyof typeof weightGradientForms {
  const [filters, channels, ...kernel] = size as [number, number, ...number[]];
  if (channels === 1 && filters === group) return 'depthwise';
  // A product per image writes N·C·M sums: too many if feature maps are small.
  if (4 * elementCount(dims(dy).slice(2)) <= filters / group) return 'acrossImages';
  const strided = strides.some((stride) => stride > 1);
  return elementCount(kernel) > 1 && (strided || channels < FEW_CHANNELS) ? 'unfolded' : 'tapByTap';
}

/** One filter per channel: dw[c, k] = Σ x·dy. */
function depthwise(g: Builder, { x, dy }: Operands, convolution: Convolution): Value {
  const axes = g.int64s(allBut(1, dy));
  const sums = taps(g, x, convolution).map((tap) => g.ReduceSum(g.Mul(tap(dy), dy), axes, { keepdims: 0 }));
  const columns = sums.map((sum) => reshape(g, sum, [-1, 1]));
  return reshape(g, joined(g, columns, 1), convolution.size);
}

/** For each kernel position and image, the product [C/g, places]·[places, M/g]; then the sum over images. */
function tapByTap(g: Builder, { x, dy }: Operands, convolution: Convolution): Value {
  const { group } = convolution;
  const [batch, filters] = dims(dy, 2);
  const right = transposed(g, reshape(g, dy, [batch, group, filters / group, -1]));
  const products = taps(g, x, convolution).map((tap) => {
    const left = reshape(g, tap(dy), [batch, group, dims(x, 2)[1] / group, elementCount(dims(dy).slice(2))]);
    return g.ReduceSum(g.MatMul(left, right), g.int64s([0]), { keepdims: 1 });
  });
  return stacked(g, products, convolution);
}

/** For each kernel position one product [C/g, N·places]·[N·places, M/g]. */
function acrossImages(g: Builder, { x, dy }: Operands, convolution: Convolution): Value {
  const { group } = convolution;
  const [batch, filters, ...places] = dims(dy, 2);
  const along = batch * elementCount(places);
  const swap = (value: Value) => g.Transpose(value, { perm: [1, 0, ...allAxes(value).slice(2)] });
  const [xs, dys] = [swap(x), swap(dy)];
  const right = transposed(g, reshape(g, dys, [1, group, filters / group, along]));
  const products = taps(g, xs, convolution).map((tap) =>
    g.MatMul(reshape(g, tap(dys), [1, group, dims(x, 2)[1] / group, along]), right),
  );
  return stacked(g, products, convolution);
}

/** A convolution with one-hot kernels extracts the patch of each position; then one product per image. */
function unfolded(g: Builder, { x, dy }: Operands, { group, size, ...window }: Convolution): Value {
  const [batch, channels, ...extent] = dims(x, 2);
  const [filters, perGroup, ...kernel] = size as [number, number, ...number[]];
  const positions = elementCount(kernel);
  const oneHot = Float32Array.from({ length: positions ** 2 }, (_, i) => Number(i % (positions + 1) === 0));
  const images = reshape(g, x, [batch * channels, 1, ...extent]);
  const seen = g.Conv(images, g.constant(floats([positions, 1, ...kernel], oneHot)), window);
  const left = reshape(g, seen, [batch, group, perGroup * positions, -1]);
  const right = transposed(g, reshape(g, dy, [batch, group, filters / group, -1]));
  const sum = g.ReduceSum(g.MatMul(left, right), g.int64s([0]), { keepdims: 0 });
  return reshape(g, transposed(g, sum), size);
}

/** For each kernel position, the elements of x that it reads at the positions of dy. */
function taps(g: Builder, x: Value, { strides, pads, dilations, size }: Convolution) {
  const rank = strides.length;
  const begins = pads.slice(0, rank);
  const padded = pads.some((pad) => pad !== 0)
    ? g.Pad(x, g.int64s([0, 0, ...begins, 0, 0, ...pads.slice(rank)]))
    : x;
  const unit = strides.every((stride) => stride === 1);
  return positionsOf(size.slice(2)).map((position) => (dy: Value) => {
    const places = dims(dy).slice(2);
    const starts = zip(position, dilations).map(([index, dilation]) => index * dilation);
    const ends = zip(starts, places, strides).map(
      ([start, count, stride]) => start + (count - 1) * stride + 1,
    );
    // In a convolution that preserves the size, the centre position reads x itself.
    const isWhole = begins.every(
      (begin, axis) => starts[axis] === begin && places[axis] === dims(x)[axis + 2],
    );
    if (unit && isWhole) return x;
    const axes = starts.map((_, axis) => axis + 2);
    return g.Slice(padded, g.int64s(starts), g.int64s(ends), g.int64s(axes), g.int64s(strides));
  });
}

/** [0, 0], [0, 1], …: row-major. */
const positionsOf = (kernel: readonly number[]): number[][] =>
  kernel.reduce<number[][]>(
    (positions, length) =>
      positions.flatMap((position) => Array.from({ length }, (_, index) => [...position, index])),
    [[]],
  );

/** Products [1, g, C/g, M/g], one per kernel position → [M, C/g, …kernel]. */
function stacked(g: Builder, products: readonly Value[], { size }: Convolution): Value {
  const all = joined(g, products, 0);
  // Two steps take 4 ms for 512 × 512 × 9, a single Transpose 32 ms.
  const rows = reshape(g, transposed(g, all), [products.length, -1]);
  return reshape(g, products.length === 1 ? rows : transposed(g, rows), size);
}
