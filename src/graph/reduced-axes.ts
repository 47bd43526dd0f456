import { toNumbers } from '../numeric/tensor.ts';
import type { Value } from './graph.ts';

interface ReductionAttributes {
  readonly axes: readonly number[] | undefined;
  readonly noop_with_empty_axes: number;
}

/**
 * The axes that a reduction of a rank takes away, counted from the front: an input, in older opsets an attribute. None
 * where noop_with_empty_axes says so; null where they are computed.
 */
export function reducedAxes(
  { axes, noop_with_empty_axes }: ReductionAttributes,
  given: Value | null | undefined,
  rank: number,
): number[] | null {
  if (given && !given.tensor) return null;
  const listed = given ? toNumbers(given.tensor!) : (axes ?? []);
  if (listed.length === 0 && !noop_with_empty_axes) return Array.from({ length: rank }, (_, axis) => axis);
  return listed.map((axis) => (axis < 0 ? axis + rank : axis));
}
