/** The attributes of convolutions and pools that place their windows. */
export interface WindowAttributes {
  readonly auto_pad: string;
  readonly strides?: readonly number[] | undefined;
  readonly pads?: readonly number[] | undefined;
  readonly dilations?: readonly number[] | undefined;
}

/** A window that slides over an input: one entry an axis, pads as ONNX has them (all begins, then all ends). */
export interface Window {
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
}

/** Input elements under a window on one axis, gaps included. */
export const extentOf = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/** Every default written out, auto_pad turned into pads. */
export function explicitWindow(
  attributes: WindowAttributes,
  size: readonly number[],
  kernel: readonly number[],
): Window {
  const ones = kernel.map(() => 1);
  const { auto_pad, strides = ones, dilations = ones, pads } = attributes;
  const none = [...kernel, ...kernel].map(() => 0);
  if (!auto_pad.startsWith('SAME'))
    return { strides, dilations, pads: auto_pad === 'VALID' ? none : (pads ?? none) };
  const totals = kernel.map((length, axis) => {
    const places = Math.ceil(size[axis]! / strides[axis]!);
    return Math.max(0, (places - 1) * strides[axis]! + extentOf(length, dilations[axis]!) - size[axis]!);
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return {
    strides,
    dilations,
    pads: auto_pad === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small],
  };
}

/** The window with defaults where an attribute is missing. */
export function writtenOut({ strides, pads, dilations }: Partial<Window>, kernel: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  return {
    strides: strides ?? ones,
    dilations: dilations ?? ones,
    pads: pads ?? [...kernel, ...kernel].map(() => 0),
  };
}

/** Lengths by axis. */
export interface Extents {
  readonly kernel: readonly number[];
  /** Of the window's places: y. */
  readonly places: readonly number[];
  /** Of what the window slides over: x. */
  readonly size: readonly number[];
}

/** Attributes of the ConvTranspose that leads from places back to a tensor of just this size. */
export function adjointWindow(given: Partial<Window>, { kernel, places, size }: Extents) {
  const { strides, pads, dilations } = writtenOut(given, kernel);
  const rank = kernel.length;
  const output_padding = kernel.map((length, axis) => {
    const reached = (places[axis]! - 1) * strides[axis]! + extentOf(length, dilations[axis]!);
    return size[axis]! - (reached - pads[axis]! - pads[rank + axis]!);
  });
  return { strides, pads, dilations, output_padding };
}
