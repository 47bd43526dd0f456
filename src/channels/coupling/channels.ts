import { assert } from '../../errors.ts';
import { elementCount, stridesOf } from '../../numeric/tensor.ts';
import { zip } from '../../numeric/zip.ts';

/**
 * The channel of each element of a tensor: labels over some axes, row-major, constant along all others. After [N, C, H, W] →
 * [N, g, C/g, H, W], two axes have labels; after Flatten, one axis repeats each label H·W times.
 */
export interface Channels {
  /** The axes with labels, ascending. */
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

/** An axis with labels. */
interface ChannelAxis {
  readonly axis: number;
  readonly size: number;
  /** Distance between neighbouring labels along it. */
  readonly stride: number;
}

const axesOf = ({ axes, sizes }: Channels): ChannelAxis[] =>
  zip(axes, sizes, stridesOf(sizes)).map(([axis, size, stride]) => ({ axis, size, stride }));

/** Labels along axes, in their order. */
const channelsAlong = (axes: readonly ChannelAxis[], labels: Int32Array): Channels => ({
  axes: axes.map(({ axis }) => axis),
  sizes: axes.map(({ size }) => size),
  labels: gather(labels, axes),
});

/** Permutes axes: axis i of the result is axis order[i]. */
export function permutedChannels(channels: Channels, order: readonly number[]): Channels {
  const own = axesOf(channels);
  const placed = order.flatMap((from, to) =>
    own.filter(({ axis }) => axis === from).map((carrying) => ({ ...carrying, axis: to })),
  );
  return channelsAlong(placed, channels.labels);
}

/** Labels over more axes of the given sizes; axes that have labels keep their sizes. */
export function spreadOver(channels: Channels, wanted: Pick<Channels, 'axes' | 'sizes'>): Int32Array {
  const { axes, sizes, labels } = channels;
  if (axes.join() === wanted.axes.join() && sizes.join() === wanted.sizes.join()) return labels;
  const own = axesOf(channels);
  const places = zip(wanted.axes, wanted.sizes).map(([axis, size]) => {
    const carrying = own.find((each) => each.axis === axis);
    if (!carrying) return { size, stride: 0 };
    assert(size === carrying.size, `axis ${axis} has ${carrying.size} channels, found ${size} places`);
    return carrying;
  });
  return gather(labels, places);
}

/** Removes axes along which labels do not change, if there are several; labels of one channel set count as equal. */
export function compressed(channels: Channels, find: (label: number) => number): Channels {
  if (channels.axes.length <= 1) return channels;
  const labels = channels.labels.map(find);
  const kept = axesOf(channels).filter(({ size, stride }) => !isConstantAlong(labels, size, stride));
  return channelsAlong(kept, labels);
}

function isConstantAlong(labels: Int32Array, size: number, stride: number): boolean {
  if (size === 1) return true;
  const block = size * stride;
  for (let start = 0; start < labels.length; start += block) {
    for (let i = start + stride; i < start + block; i++) if (labels[i] !== labels[i - stride]) return false;
  }
  return true;
}

/** Reads labels in row-major order of the sizes, with the given strides. */
function gather(source: Int32Array, axes: readonly Pick<ChannelAxis, 'size' | 'stride'>[]): Int32Array {
  const target = new Int32Array(elementCount(axes.map(({ size }) => size)));
  const last = axes.reduce((sum, { size, stride }) => sum + (size - 1) * stride, 0);
  assert(target.length === 0 || last < source.length, `${source.length} labels, read up to ${last}`);
  const counters = axes.map(({ size, stride }) => ({ size, stride, index: 0 })).reverse();
  let at = 0;
  for (let i = 0; i < target.length; i++) {
    target[i] = source[at]!;
    for (const counter of counters) {
      at += counter.stride;
      if (++counter.index < counter.size) break;
      at -= counter.stride * counter.size;
      counter.index = 0;
    }
  }
  return target;
}
