import { extentOf, type Window, type WindowExtents, windowAxes } from '../graph/window.ts';
import { zip } from '../numeric/zip.ts';

/** The window with default values for missing attributes. */
export function writtenOut({ strides, pads, dilations }: Partial<Window>, kernel: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  return {
    strides: strides ?? ones,
    dilations: dilations ?? ones,
    pads: pads ?? [...kernel, ...kernel].map(() => 0),
  };
}

/** The attributes of the ConvTranspose from y back to exactly the size of x. */
export function adjointWindow(given: Partial<Window>, { kernel, places, size }: WindowExtents) {
  const window = writtenOut(given, kernel);
  const output_padding = zip(windowAxes(window), kernel, places, size).map(
    ([{ stride, dilation, padBegin, padEnd }, length, count, wanted]) => {
      const reached = (count - 1) * stride + extentOf(length, dilation);
      return wanted - (reached - padBegin - padEnd);
    },
  );
  return { ...window, output_padding };
}
