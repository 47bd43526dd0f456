import type { Window } from '../library/api.ts';

interface WindowAttributes {
  readonly auto_pad?: string;
  readonly strides?: readonly number[] | undefined;
  readonly dilations?: readonly number[] | undefined;
  readonly pads?: readonly number[] | undefined;
}

/** ONNX's window with every default written out, for an input of a size. */
export function windowOf(
  { auto_pad = 'NOTSET', strides, dilations, pads }: WindowAttributes,
  size: readonly number[],
  kernel: readonly number[],
): Window {
  const ones = kernel.map(() => 1);
  const steps = strides ?? ones;
  const gaps = dilations ?? ones;
  if (!auto_pad.startsWith('SAME')) {
    const none = [...kernel, ...kernel].map(() => 0);
    return { strides: steps, dilations: gaps, pads: auto_pad === 'VALID' ? none : (pads ?? none) };
  }
  const totals = kernel.map((length, axis) => {
    const reach = (length - 1) * gaps[axis]! + 1;
    return Math.max(0, (Math.ceil(size[axis]! / steps[axis]!) - 1) * steps[axis]! + reach - size[axis]!);
  });
  const [small, large] = [totals.map((t) => Math.floor(t / 2)), totals.map((t) => Math.ceil(t / 2))];
  return {
    strides: steps,
    dilations: gaps,
    pads: auto_pad === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small],
  };
}
