import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { floats, makeTensor, type Tensor } from '../numeric/tensor.ts';
import { allAxes, dims } from './call.ts';

/** A scalar with the element type of `like`. */
export const number = (g: Builder, value: number, like: Value): Value =>
  g.constant(
    like?.dtype === 'float64' ? makeTensor('float64', [], Float64Array.of(value)) : floats([], [value]),
  );

/** Zeros of this shape, with the element type of `like`. */
export const zeros = (g: Builder, shape: readonly number[], like: Value): Value =>
  g.ConstantOfShape(g.int64s(shape), { value: oneZero(like) });

const oneZero = (like: Value): Tensor =>
  like?.dtype === 'float64' ? makeTensor('float64', [1], new Float64Array(1)) : floats([1], [0]);

export const reshape = (g: Builder, value: Value, shape: readonly number[]): Value =>
  g.Reshape(value, g.int64s(shape), { allowzero: shape.includes(0) ? 1 : 0 });

/** Concatenates values; returns a single value unchanged. */
export function joined(g: Builder, values: readonly Value[], axis: number): Value {
  const [first, ...others] = values;
  return first && others.length === 0 ? first : g.Concat(...values, { axis });
}

/** Reshapes [C] to [C, 1, …], to broadcast over [N, C, …]. */
export const perChannel = (g: Builder, value: Value, like: Value): Value =>
  reshape(g, value, [
    dims(value, 1)[0],
    ...dims(like)
      .slice(2)
      .map(() => 1),
  ]);

/** Swaps the last two axes. */
export function transposed(g: Builder, value: Value): Value {
  const axes = allAxes(value);
  return g.Transpose(value, { perm: [...axes.slice(0, -2), axes.length - 1, axes.length - 2] });
}
