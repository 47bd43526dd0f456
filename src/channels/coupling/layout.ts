import type { Dim, Shape } from '../../graph/graph.ts';
import { greatestCommonDivisor } from '../../numeric/divisors.ts';
import { elementCount } from '../../numeric/tensor.ts';
import { along, type Channels, spreadOver } from './channels.ts';

/** Joins the channels at equal positions into one channel set. */
export type Join = (a: Int32Array, b: Int32Array) => void;

/** A tensor's labels by the index i of its elements in memory: labels[⌊i / block⌋ mod labels.length]. */
interface Period {
  readonly labels: Int32Array;
  readonly block: number;
}

/**
 * The labels after a change of shape. Labels that no axis of the new shape separates are joined: if 12·N rows become one axis
 * of unknown size, only a pattern that repeats in every row is kept. null if open dimensions make the labels unknown.
 */
export function reshaped(
  channels: Channels,
  [from, to]: readonly [Shape, Shape],
  join: Join,
): Channels | null {
  const common = commonTail(channels, from, to);
  const period = periodOf(channels, from.slice(0, from.length - common));
  return period && laidOver(period, to.slice(0, to.length - common), join);
}

/** Channels along only one of their axes: labels that differ along the others are joined. */
export function alongOne({ axes, sizes, labels }: Channels, axis: number, join: Join): Channels {
  const at = axes.indexOf(axis);
  const size = sizes[at]!;
  const inner = elementCount(sizes.slice(at + 1));
  const first = new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) first[i] = labels[(Math.floor(i / inner) % size) * inner]!;
  join(first, labels);
  return along(
    axis,
    Int32Array.from({ length: size }, (_, place) => labels[place * inner]!),
  );
}

/** The number of last axes, after all axes with labels, that both shapes have in common. */
function commonTail({ axes }: Channels, from: Shape, to: Shape): number {
  const last = axes.at(-1) ?? -1;
  let count = 0;
  while (from.length - count - 1 > last && count < to.length) {
    const dim = from[from.length - count - 1]!;
    if (dim === null || dim !== to[to.length - count - 1]) break;
    count++;
  }
  return count;
}

function periodOf(channels: Channels, shape: Shape): Period | null {
  const [first = 0] = channels.axes;
  const last = channels.axes.at(-1) ?? 0;
  const dims = shape.slice(first);
  if (!dims.every((dim): dim is number => typeof dim === 'number')) return null;
  const axes = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const sizes = dims.slice(0, axes.length);
  return { labels: spreadOver(channels, { axes, sizes }), block: elementCount(dims.slice(axes.length)) };
}

/** Distributes labels over the axes of a shape, last axis first. */
function laidOver({ labels: given, block: whole }: Period, shape: Shape, join: Join): Channels | null {
  let [labels, block, laid] = [given, whole, 1];
  const axes: number[] = [];
  const sizes: number[] = [];
  for (let axis = shape.length - 1; axis >= 0 && laid < labels.length; axis--) {
    const size = shape[axis];
    if (size === 0) return null;
    if (typeof size === 'number' && block % size === 0) {
      block /= size;
      continue;
    }
    if (block > 1 && typeof size !== 'number') return null;
    labels = stretched(labels, block);
    block = 1;
    labels = withPeriod(labels, periodOver(size, { laid, length: labels.length }), join);
    if (labels.length === laid) break;
    axes.unshift(axis);
    sizes.unshift(size as number);
    laid *= size as number;
  }
  return { axes, sizes, labels: Int32Array.from({ length: laid }, (_, i) => labels[i % labels.length]!) };
}

/**
 * The longest period that an axis of this size can represent, where `laid` positions follow it: that of the labels if it
 * divides or is a multiple of the size, else their common divisor.
 */
function periodOver(
  size: Dim | undefined,
  { laid, length }: { readonly laid: number; readonly length: number },
): number {
  if (typeof size !== 'number') return laid;
  return length % (laid * size) === 0 ? length : greatestCommonDivisor(length, laid * size);
}

/** Repeats each label in place. */
function stretched(labels: Int32Array, times: number): Int32Array {
  if (times === 1) return labels;
  const result = new Int32Array(labels.length * times);
  labels.forEach((label, i) => {
    result.fill(label, i * times, (i + 1) * times);
  });
  return result;
}

/** Joins labels whose distance is a multiple of a period; returns one period. */
function withPeriod(labels: Int32Array, period: number, join: Join): Int32Array {
  const first = labels.subarray(0, period);
  for (let start = period; start < labels.length; start += period)
    join(first, labels.subarray(start, start + period));
  return first;
}
