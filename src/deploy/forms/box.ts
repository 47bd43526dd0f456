import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import { floats } from '../../numeric/tensor.ts';
import { biasOf, type Convolution } from './convolution.ts';

/** Positions first, first + step, … along one axis of a kernel; `count` of them. */
interface Span {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** Kernel positions rows × columns, which one convolution, possibly dilated, can compute. */
export interface Box {
  readonly rows: Span;
  readonly columns: Span;
}

/** The positions i·kW + j of a box. */
export function positionsOf({ rows, columns }: Box, { kernel }: Pick<Convolution, 'kernel'>): number[] {
  return placesOf(rows).flatMap((i) => placesOf(columns).map((j) => i * kernel[1] + j));
}

const placesOf = ({ first, step, count }: Span): number[] =>
  Array.from({ length: count }, (_, i) => first + i * step);

/** The number of positions of a box. */
export const areaOf = ({ rows, columns }: Box): number => rows.count * columns.count;

/** All boxes that one convolution can compute, so that its padding is not negative. */
export function boxesOf(conv: Convolution): Box[] {
  return spansOf(conv, 0).flatMap((rows) => spansOf(conv, 1).map((columns) => ({ rows, columns })));
}

/** The smallest box that contains all positions; null if there is none. */
export function boxAround(conv: Convolution, positions: readonly number[]): Box | null {
  if (positions.length === 0) return null;
  const width = conv.kernel[1];
  const rows = smallest(spansOf(conv, 0), new Set(positions.map((p) => Math.floor(p / width))));
  const columns = smallest(spansOf(conv, 1), new Set(positions.map((p) => p % width)));
  return { rows, columns };
}

function smallest(spans: readonly Span[], places: ReadonlySet<number>): Span {
  const around = spans.filter((span) => [...places].every((place) => placesOf(span).includes(place)));
  return around.reduce((best, span) => (span.count < best.count ? span : best));
}

/** The spans of an axis that can be cropped to: the padding after cropping must not be negative on either side. */
function spansOf({ kernel, pads, dilations }: Convolution, axis: 0 | 1): Span[] {
  const size = kernel[axis];
  const latestFirst = Math.min(size - 1, Math.floor(pads[axis] / dilations[axis]));
  const earliestLast = Math.max(0, size - 1 - Math.floor(pads[axis + 2]! / dilations[axis]));
  const spans: Span[] = [];
  for (let first = 0; first <= latestFirst; first++) {
    for (let last = Math.max(first, earliestLast); last < size; last++) {
      const length = last - first;
      if (length === 0) spans.push({ first, step: 1, count: 1 });
      for (let step = 1; step <= length; step++) {
        if (length % step === 0) spans.push({ first, step, count: length / step + 1 });
      }
    }
  }
  return spans;
}

/** The part of a convolution that one box computes. */
interface BoxWork {
  readonly name: string;
  readonly box: Box;
  readonly filters: readonly number[];
  /** Positions that another box already computes. */
  readonly done?: ReadonlySet<number>;
  /** Whether this box adds the bias. */
  readonly biased: boolean;
}

/** y[m] = Σ over the box of W[m, :, i, j] ⋆ x for some filters: a convolution with a cropped kernel and padding. */
export function convolveBox(g: Builder, conv: Convolution, work: BoxWork): Value {
  const { rows, columns } = work.box;
  const { kernel, pads, dilations, strides, channels, group } = conv;
  const { filters } = work;
  const shape = [filters.length, channels, rows.count, columns.count];
  const weight = g.constant(floats(shape, croppedWeights(conv, work)), `${work.name}.weight`);
  const bias = work.biased ? biasOf(conv, filters) : null;
  return g.named(work.name).Conv(conv.x, weight, bias && g.constant(bias, `${work.name}.bias`), {
    kernel_shape: [rows.count, columns.count],
    strides: [...strides],
    dilations: [dilations[0] * rows.step, dilations[1] * columns.step],
    pads: [
      pads[0] - rows.first * dilations[0],
      pads[1] - columns.first * dilations[1],
      pads[2] - (kernel[0] - 1 - lastOf(rows)) * dilations[0],
      pads[3] - (kernel[1] - 1 - lastOf(columns)) * dilations[1],
    ],
    group,
  });
}

const lastOf = ({ first, step, count }: Span): number => first + step * (count - 1);

function croppedWeights(conv: Convolution, { box, filters, done }: BoxWork): Float32Array {
  const { kernel, channels, weight } = conv;
  const positions = positionsOf(box, conv);
  const cropped = new Float32Array(filters.length * channels * positions.length);
  let at = 0;
  for (const filter of filters) {
    for (let c = 0; c < channels; c++) {
      const first = (filter * channels + c) * kernel[0] * kernel[1];
      for (const position of positions)
        cropped[at++] = done?.has(position) ? 0 : weight.data[first + position]!;
    }
  }
  return cropped;
}
