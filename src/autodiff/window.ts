import { extentOf, type Window } from '../graph/window.ts';

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
