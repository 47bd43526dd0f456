import { assert } from '../../errors.ts';
import { elementCount, stridesOf } from '../../numeric/tensor.ts';

/**
 * Which channel each position of a tensor belongs to: labels over some of its axes, row-major, constant along all others.
 * After [N, C, H, W] → [N, g, C/g, H, W] two axes carry them, after Flatten each stands H·W times in one.
 */
export interface Channels {
  /** Ascending. */
  readonly axes: readonly number[];
  readonly sizes: readonly number[];
  readonly labels: Int32Array;
}

/** Labels along one axis. */
export const along = (axis: number, labels: Int32Array): Channels => ({
  axes: [axis],
  sizes: [labels.length],
  labels,
});

/** The labels of a tensor whose axes are in another order: axis i of the result is axis order[i]. */
export function permutedChannels({ axes, sizes, labels }: Channels, order: readonly number[]): Channels {
  const placed = order.flatMap((from, to) => (axes.includes(from) ? [{ from, to }] : []));
  const source = placed.map(({ from }) => axes.indexOf(from));
  const strides = stridesOf(sizes);
  return {
    axes: placed.map(({ to }) => to),
    sizes: source.map((i) => sizes[i]!),
    labels: gather(
      labels,
      source.map((i) => sizes[i]!),
      source.map((i) => strides[i]!),
    ),
  };
}

/** The labels over more axes than carry them, of the given sizes; each axis that carries them keeps its size. */
export function spreadOver(
  { axes, sizes, labels }: Channels,
  wanted: Pick<Channels, 'axes' | 'sizes'>,
): Int32Array {
  if (axes.join() === wanted.axes.join() && sizes.join() === wanted.sizes.join()) return labels;
  axes.forEach((axis, i) => {
    const size = wanted.sizes[wanted.axes.indexOf(axis)];
    assert(size === sizes[i], `axis ${axis} has ${sizes[i]} channels, found ${size} places`);
  });
  const strides = stridesOf(sizes);
  const steps = wanted.axes.map((axis) => (axes.includes(axis) ? strides[axes.indexOf(axis)]! : 0));
  return gather(labels, wanted.sizes, steps);
}

/** Drops the axes, of several, along which the labels do not change; labels of one channel set are equal. */
export function compressed(channels: Channels, find: (label: number) => number): Channels {
  if (channels.axes.length <= 1) return channels;
  const { axes, sizes } = channels;
  const labels = channels.labels.map(find);
  const strides = stridesOf(sizes);
  const kept = axes.flatMap((_, i) => (isConstantAlong(labels, sizes[i]!, strides[i]!) ? [] : [i]));
  return {
    axes: kept.map((i) => axes[i]!),
    sizes: kept.map((i) => sizes[i]!),
    labels: gather(
      labels,
      kept.map((i) => sizes[i]!),
      kept.map((i) => strides[i]!),
    ),
  };
}

function isConstantAlong(labels: Int32Array, size: number, stride: number): boolean {
  if (size === 1) return true;
  const block = size * stride;
  for (let start = 0; start < labels.length; start += block) {
    for (let i = start + stride; i < start + block; i++) if (labels[i] !== labels[i - stride]) return false;
  }
  return true;
}

/** Row-major over `sizes`, read with strides. */
function gather(source: Int32Array, sizes: readonly number[], steps: readonly number[]): Int32Array {
  const target = new Int32Array(elementCount(sizes));
  const last = sizes.reduce((sum, size, axis) => sum + (size - 1) * steps[axis]!, 0);
  assert(target.length === 0 || last < source.length, `${source.length} labels, read up to ${last}`);
  const index = new Array<number>(sizes.length).fill(0);
  let at = 0;
  for (let i = 0; i < target.length; i++) {
    target[i] = source[at]!;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      at += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      at -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return target;
}
