import type { Window } from '../../../graph/window.ts';
import type { Descriptor } from './api.ts';

export const native = ({ native }: Descriptor): unknown => native;

export const int64Array = (list: readonly number[]): BigInt64Array => BigInt64Array.from(list, BigInt);

/** Strides, dilations, begins and ends of padding. oneDNN counts dilations from 0. */
export function windowArguments({ strides, dilations, pads }: Window): BigInt64Array[] {
  const rank = strides.length;
  return [strides, dilations.map((d) => d - 1), pads.slice(0, rank), pads.slice(rank)].map(int64Array);
}

/** Strides, kernel, dilations, begins and ends of padding. */
export function poolingArguments(kernel: readonly number[], window: Window): BigInt64Array[] {
  const [strides, ...rest] = windowArguments(window);
  return [strides!, int64Array(kernel), ...rest];
}
