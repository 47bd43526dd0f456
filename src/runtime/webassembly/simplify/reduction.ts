import { requiredInput, staticShape } from '../../../graph/graph.ts';
import { axesOfReduction, type ReductionName, reductionNames } from '../kernels/reduce.ts';
import type { Simplification } from './simplification.ts';

/** Transposes so that the reduced axes are adjacent. */
const reduction =
  (op: ReductionName): Simplification =>
  (node, g) => {
    const [x, [y]] = [requiredInput(node, 0), node.outputs];
    const axes = axesOfReduction(node, op);
    if (!y) return null;
    if (axes.length === 0) return g.Identity(x);
    const shape = g.int64s(staticShape(y));
    if (axes.every((axis, i) => axis === (axes[0] ?? 0) + i)) return null;
    const kept = staticShape(x).flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
    const moved = g.Transpose(x, { perm: [...kept, ...axes] });
    return g.Reshape(g[op](moved, g.int64s(axes.map((_, i) => kept.length + i)), { keepdims: 0 }), shape);
  };

/** A mean over all pixels as GlobalAveragePool. */
const meanOverPixels: Simplification = (node, g) => {
  const [x, [y]] = [requiredInput(node, 0), node.outputs];
  const isPool = staticShape(x).length === 4 && axesOfReduction(node, 'ReduceMean').join() === '2,3';
  if (!y || !isPool) return reduction('ReduceMean')(node, g);
  return g.Reshape(g.GlobalAveragePool(x), g.int64s(staticShape(y)));
};

export const reductionSimplifications = {
  ...(Object.fromEntries(reductionNames.map((op) => [op, reduction(op)])) as {
    readonly [Op in ReductionName]: Simplification;
  }),
  ReduceMean: meanOverPixels,
};

/** A global pool as a reduction of all spatial axes. */
export const globalPool =
  (op: ReductionName): Simplification =>
  (node, g) => {
    const x = requiredInput(node, 0);
    const pixels = staticShape(x).flatMap((_, axis) => (axis >= 2 ? [axis] : []));
    return g[op](x, g.int64s(pixels), { keepdims: 1 });
  };

/** GlobalAveragePool as a reduction, unless it pools rows and columns, for which it has a kernel. */
export const globalAveragePool: Simplification = (node, g) =>
  requiredInput(node, 0).shape?.length === 4 ? null : globalPool('ReduceMean')(node, g);

export const meanOfInputs: Simplification = ({ inputs }, g) => {
  const given = inputs.flatMap((value) => value ?? []);
  return g.Mul(g.Sum(...given), g.floats(1 / given.length));
};
