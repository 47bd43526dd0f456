import { zip } from '../../numeric/zip.ts';
import type { Dim, Node, Shape } from '../graph.ts';
import { windowAxes } from '../window.ts';
import { misfit, sizeOf } from './dims.ts';
import { sizeComputedOf } from './free-size.ts';

/** The attributes that convolutions and pools share. */
export interface WindowShapeAttributes {
  readonly auto_pad: string;
  readonly kernel_shape?: readonly number[] | undefined;
  readonly strides?: readonly number[] | undefined;
  readonly pads?: readonly number[] | undefined;
  readonly dilations?: readonly number[] | undefined;
  readonly ceil_mode?: number;
}

/** A window along one axis. */
export interface AxisWindow {
  /** Input elements under the window, including gaps: (kernel − 1)·dilation + 1; null if the kernel is unknown. */
  readonly extent: number | null;
  readonly stride: number;
  readonly padBegin: number;
  readonly padEnd: number;
  readonly autoPad: string;
  readonly ceilMode: boolean;
}

/** The window along each spatial axis. Throws if lists have the wrong length, or numbers are out of range. */
export function windows(node: Node, attributes: WindowShapeAttributes, kernel: Shape): AxisWindow[] {
  const rank = kernel.length;
  const strides = listOf(node, 'strides', attributes.strides, rank, 1);
  const dilations = listOf(node, 'dilations', attributes.dilations, rank, 1);
  const pads = paddings(node, attributes, rank);
  const axes = zip(kernel, windowAxes({ strides, dilations, pads }));
  return axes.map(([size, { stride, dilation, padBegin, padEnd }]) => ({
    extent: typeof size === 'number' ? extentOf(node, size, dilation) : null,
    stride,
    padBegin,
    padEnd,
    autoPad: attributes.auto_pad,
    ceilMode: attributes.ceil_mode === 1,
  }));
}

function extentOf(node: Node, size: number, dilation: number): number {
  if (size < 1) throw misfit(node, `expected a kernel of at least 1, got ${size}`);
  return sizeOf(node, (size - 1) * dilation + 1);
}

function listOf(
  node: Node,
  name: string,
  list: readonly number[] | undefined,
  length: number,
  least: number,
) {
  if (!list || list.length === 0) return new Array<number>(length).fill(least);
  if (list.length !== length) throw misfit(node, `expected ${length} ${name}, got ${list.length}`);
  const small = list.find((entry) => entry < least);
  if (small !== undefined) throw misfit(node, `expected ${name} of at least ${least}, got ${small}`);
  return list;
}

function paddings(node: Node, { auto_pad, pads }: WindowShapeAttributes, rank: number): readonly number[] {
  return auto_pad === 'NOTSET' || auto_pad === ''
    ? listOf(node, 'pads', pads, 2 * rank, 0)
    : new Array<number>(2 * rank).fill(0);
}

/** Number of positions of a window on an axis of `size`. Throws if there is none. */
export function places(node: Node, size: Dim, window: AxisWindow): Dim {
  const { extent, stride, padBegin, padEnd, autoPad } = window;
  if (typeof size !== 'number') return size && placesOfSymbol(size, window);
  if (autoPad.startsWith('SAME')) return Math.ceil(size / stride);
  if (extent === null) return null;
  const padding = padBegin + padEnd;
  const room = size + padding - extent;
  if (room < 0)
    throw misfit(node, `expected at least ${extent} elements under the window, got ${size + padding}`);
  if (!window.ceilMode) return sizeOf(node, Math.floor(room / stride) + 1);
  const last = Math.ceil(room / stride);
  // Windows that would start in the padding after the input are omitted.
  return sizeOf(node, last * stride >= size + padBegin ? last : last + 1);
}

/** The number of positions on an axis of open size. */
function placesOfSymbol(
  size: string,
  { extent, stride, padBegin, padEnd, autoPad, ceilMode }: AxisWindow,
): Dim {
  if (autoPad.startsWith('SAME')) return sizeComputedOf(size, { offset: stride - 1, divisor: stride });
  if (extent === null || (ceilMode && stride > 1)) return null;
  return sizeComputedOf(size, { offset: padBegin + padEnd - extent + stride, divisor: stride });
}
