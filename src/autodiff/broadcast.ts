import type { Builder } from '../graph/builder.ts';
import { staticShape, type Value } from '../graph/graph.ts';
import { reshape } from './append.ts';

/** The adjoint of broadcasting `shape` to the shape of `value`: sums over the broadcast axes. */
export function sumTo(g: Builder, value: Value, shape: readonly number[]): Value {
  const found = staticShape(value);
  const added = found.length - shape.length;
  const axes = found.flatMap((size, axis) => (axis < added || size !== shape[axis - added] ? [axis] : []));
  if (axes.length === 0) return value;
  const stretched = axes.filter((axis) => found[axis] !== 1);
  const summed = stretched.length === 0 ? value : g.ReduceSum(value, g.int64s(stretched), { keepdims: 1 });
  return added === 0 ? summed : reshape(g, summed, shape);
}
