import type { OperatorName } from '../../graph/operators/index.ts';
import { zip } from '../../numeric/zip.ts';
import { reshape } from '../append.ts';
import { dims } from '../call.ts';
import type { GradientRows, GradientRule } from '../rule.ts';

/** The order of elements is unchanged: dy with the shape of x. */
const reshapeBack: GradientRule<'Reshape' | 'Flatten' | 'Squeeze' | 'Unsqueeze'> = (
  { inputs: { x } },
  [dy],
  g,
) => [reshape(g, dy, dims(x)), null];

/** Operators that keep elements in order, permute them or repeat them. */
export const reshapeGradients = {
  Reshape: reshapeBack,
  Flatten: reshapeBack,
  Squeeze: reshapeBack,
  Unsqueeze: reshapeBack,
  /** Transposes by the inverse permutation. */
  Transpose: ({ inputs: { x }, attributes }, [dy], g) => {
    const perm = attributes.perm ?? dims(x).map((_, axis, all) => all.length - 1 - axis);
    return [g.Transpose(dy, { perm: perm.map((_, axis) => perm.indexOf(axis)) })];
  },
  /** The driver sums over broadcast axes. */
  Expand: (_, [dy]) => [dy, null],
  /** The sum over the copies: each axis is split into [copies, size]. */
  Tile: ({ inputs: { x } }, [dy], g) => {
    const copies = zip(dims(x), dims(dy)).flatMap(([size, total]) => [total / size, size]);
    const axes = dims(x).map((_, axis) => 2 * axis);
    return [g.ReduceSum(reshape(g, dy, copies), g.int64s(axes), { keepdims: 0 }), null];
  },
} satisfies Partial<GradientRows<OperatorName>>;
