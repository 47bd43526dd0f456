import type { PlanarConvolution } from '../graph/convolution.ts';

/** A kernel position, and its weight. */
export interface Tap {
  readonly position: number;
  readonly weight: number;
}

/**
 * The kernel positions through which a convolution reads the mean of x[s·i + j], with j from 0 to `window` − 1 on each axis;
 * with a window of 1, x[s·i] itself. null if its kernel does not reach them.
 */
export function tapsOf(
  { kernel, pads, dilations }: PlanarConvolution,
  window: readonly [number, number] = [1, 1],
): Tap[] | null {
  const rows = axisTaps({ kernel: kernel[0], pad: pads[0], dilation: dilations[0] }, window[0]);
  const columns = axisTaps({ kernel: kernel[1], pad: pads[1], dilation: dilations[1] }, window[1]);
  if (!rows || !columns) return null;
  const weight = 1 / (window[0] * window[1]);
  return rows.flatMap((row) => columns.map((column) => ({ position: row * kernel[1] + column, weight })));
}

interface KernelAxis {
  readonly kernel: number;
  readonly pad: number;
  readonly dilation: number;
}

function axisTaps({ kernel, pad, dilation }: KernelAxis, window: number): number[] | null {
  const taps = Array.from({ length: window }, (_, j) => (pad + j) / dilation);
  return taps.every((tap) => Number.isInteger(tap) && tap < kernel) ? taps : null;
}
