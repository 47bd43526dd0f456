import { zip } from '../numeric/zip.ts';
import type { Node } from './graph.ts';

/** The attributes of convolutions and pools that determine the positions of windows. */
export interface WindowAttributes {
  /** Default NOTSET. */
  readonly auto_pad?: string;
  readonly strides?: readonly number[] | undefined;
  readonly pads?: readonly number[] | undefined;
  readonly dilations?: readonly number[] | undefined;
}

/** A sliding window with one entry per axis; pads as in ONNX (all begins, then all ends). */
export interface Window {
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
}

/** A window along one axis. */
interface WindowAxis {
  readonly stride: number;
  readonly dilation: number;
  readonly padBegin: number;
  readonly padEnd: number;
}

/** A window, axis by axis. */
export function windowAxes({ strides, dilations, pads }: Window): WindowAxis[] {
  const rank = strides.length;
  return zip(strides, dilations, pads.slice(0, rank), pads.slice(rank)).map(
    ([stride, dilation, padBegin, padEnd]) => ({ stride, dilation, padBegin, padEnd }),
  );
}

/** Input elements under a window along one axis, including gaps. */
export const extentOf = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/** Makes all defaults explicit, and converts auto_pad to pads. */
export function explicitWindow(
  attributes: WindowAttributes,
  size: readonly number[],
  kernel: readonly number[],
): Window {
  const ones = kernel.map(() => 1);
  const { auto_pad = 'NOTSET', strides = ones, dilations = ones, pads } = attributes;
  const none = [...kernel, ...kernel].map(() => 0);
  if (!auto_pad.startsWith('SAME'))
    return { strides, dilations, pads: auto_pad === 'VALID' ? none : (pads ?? none) };
  const totals = zip(size, kernel, strides, dilations).map(([given, length, stride, dilation]) => {
    const places = Math.ceil(given / stride);
    return Math.max(0, (places - 1) * stride + extentOf(length, dilation) - given);
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return {
    strides,
    dilations,
    pads: auto_pad === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small],
  };
}

/** Lengths by axis. */
export interface WindowExtents {
  readonly kernel: readonly number[];
  /** Of y: the number of window positions. */
  readonly places: readonly number[];
  /** Of x, over which the window slides. */
  readonly size: readonly number[];
}

/**
 * The window of the convolution whose adjoint a ConvTranspose is. auto_pad and output_shape state the size of its result: what
 * the windows reach beyond that is cut off, one more at the end with SAME_UPPER, else one more at the beginning.
 */
export function transposedWindow(
  attributes: WindowAttributes & {
    readonly output_shape?: readonly number[] | undefined;
    readonly output_padding?: readonly number[] | undefined;
  },
  { size, places, kernel }: WindowExtents,
): Window {
  const { auto_pad = 'NOTSET', output_shape: stated, output_padding: added } = attributes;
  const window = explicitWindow(
    { ...attributes, auto_pad: auto_pad === 'VALID' ? auto_pad : 'NOTSET' },
    size,
    kernel,
  );
  if (!auto_pad.startsWith('SAME') && !stated?.length) return window;
  const totals = zip(windowAxes(window), kernel, places, size).map(
    ([{ stride, dilation }, length, count, wanted], axis) =>
      Math.max(0, (count - 1) * stride + extentOf(length, dilation) + (added?.[axis] ?? 0) - wanted),
  );
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return { ...window, pads: auto_pad === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small] };
}

/** The window of a convolution or pool; null if its padding depends on open sizes. */
export function fixedWindow(
  node: Node,
  attributes: WindowAttributes,
  kernel: readonly number[],
): Window | null {
  const { auto_pad: autoPad = '', strides = [] } = attributes;
  if (!autoPad.startsWith('SAME')) return explicitWindow(attributes, [], kernel);
  const size = node.inputs[0]?.shape?.slice(2) ?? [];
  const isFixed = size.length > 0 && size.every((dim) => typeof dim === 'number');
  if (isFixed) return explicitWindow(attributes, size, kernel);
  // With stride 1, SAME needs (kernel − 1)·dilation of padding for any size.
  return strides.every((stride) => stride === 1) ? explicitWindow(attributes, kernel, kernel) : null;
}
