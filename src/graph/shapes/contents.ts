import type { Dim, Shape, Value } from '../graph.ts';
import { type Call, LONGEST_CONTENTS } from './rule.ts';

/** A function of elements, which may be unknown. */
export type Compute = (...elements: readonly (Dim | undefined)[]) => Dim;

/** Contents computed elementwise with broadcasting of single elements; null if an input is unknown. */
export function mapContents(call: Call, inputs: readonly Value[], compute: Compute): readonly Dim[] | null {
  const lists = inputs.map((input) => call.contents(input)).filter((contents) => contents !== null);
  if (lists.length < inputs.length) return null;
  const length = lists.some((list) => list.length === 0)
    ? 0
    : Math.max(0, ...lists.map((list) => list.length));
  if (length > LONGEST_CONTENTS || lists.some((list) => list.length > 1 && list.length !== length))
    return null;
  return Array.from({ length }, (_, i) => compute(...lists.map((list) => list[list.length === 1 ? 0 : i])));
}

/**
 * Makes a function of numbers a function of elements: if one is no number, the `otherwise` rule applies. Results beyond 2⁵³
 * become unknown.
 */
export const arithmetic =
  (compute: (a: number, b: number) => number, otherwise: (a: Dim, b: Dim) => Dim = () => null): Compute =>
  (a = null, b = null) => {
    if (typeof a !== 'number' || typeof b !== 'number') return otherwise(a, b);
    return believable(compute(a, b));
  };

/** The same for a function of one number. */
export const unaryArithmetic =
  (compute: (a: number) => number): Compute =>
  (a = null) =>
    typeof a === 'number' ? believable(compute(a)) : null;

/** The number, or unknown if it is NaN, infinite, or too large to be exact. */
export const believable = (value: number): Dim =>
  Number.isFinite(value) && (Math.abs(value) <= Number.MAX_SAFE_INTEGER || !Number.isInteger(value))
    ? value
    : null;

/** The stride of an axis through the elements of a tensor. */
export interface Stride {
  readonly size: number;
  readonly step: number;
}

/** The elements at which axes with the given strides point, in row-major order. */
export function stridedContents(elements: readonly Dim[], axes: readonly Stride[], start = 0): Dim[] {
  let positions = [start];
  for (const { size, step } of axes)
    positions = positions.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * step));
  return positions.map((at) => elements[at] ?? null);
}

/** Strides of all axes; null if a dimension is unknown. */
export function axisStrides(shape: Shape): Stride[] | null {
  if (!shape.every((dim) => typeof dim === 'number')) return null;
  const sizes = shape as readonly number[];
  return sizes.map((size, axis) => ({ size, step: sizes.slice(axis + 1).reduce((a, b) => a * b, 1) }));
}
