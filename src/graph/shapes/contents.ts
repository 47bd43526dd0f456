import type { Dim, Shape, Value } from '../graph.ts';
import { type Call, LONGEST_CONTENTS } from './rule.ts';

/** A function of elements, unknown ones included. */
export type Compute = (...elements: readonly (Dim | undefined)[]) => Dim;

/** Contents computed element by element, stretching single elements; null where an input is unknown. */
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

/** Compute on numbers; where one is no number the `otherwise` rule decides. Nothing beyond 2⁵³ is believed. */
export const arithmetic =
  (compute: (a: number, b: number) => number, otherwise: (a: Dim, b: Dim) => Dim = () => null): Compute =>
  (a = null, b = null) => {
    if (typeof a !== 'number' || typeof b !== 'number') return otherwise(a, b);
    return believable(compute(a, b));
  };

/** Compute on one number. */
export const unaryArithmetic =
  (compute: (a: number) => number): Compute =>
  (a = null) =>
    typeof a === 'number' ? believable(compute(a)) : null;

/** The number itself unless it is NaN, infinite, or too large to be exact. */
export const believable = (value: number): Dim =>
  Number.isFinite(value) && (Math.abs(value) <= Number.MAX_SAFE_INTEGER || !Number.isInteger(value))
    ? value
    : null;

/** How an axis of a picture of a tensor moves through its elements. */
export interface Stride {
  readonly size: number;
  readonly step: number;
}

/** The elements that axes with these strides meet, in row-major order. */
export function stridedContents(elements: readonly Dim[], axes: readonly Stride[], start = 0): Dim[] {
  let positions = [start];
  for (const { size, step } of axes)
    positions = positions.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * step));
  return positions.map((at) => elements[at] ?? null);
}

/** From one element of an axis to the next, for each axis; null where a dimension is unknown. */
export function axisStrides(shape: Shape): Stride[] | null {
  if (!shape.every((dim) => typeof dim === 'number')) return null;
  const sizes = shape as readonly number[];
  return sizes.map((size, axis) => ({ size, step: sizes.slice(axis + 1).reduce((a, b) => a * b, 1) }));
}
