import { toNumbers } from '../numeric/tensor.ts';
import type { Value } from './graph.ts';

interface ReductionAttributes {
  readonly axes: readonly number[] | undefined;
  readonly noop_with_empty_axes: number;
}

/**
 * The reduced axes of a node, counted from the front: from an input, or in older opsets an attribute. Empty if
 * noop_with_empty_axes is set; null if they are computed.
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
