import { asFloat, asFloat32, isOtherFloat } from '../../numeric/float-conversion.ts';
import { allocate, makeTensor, type Tensor, type TypedArray } from '../../numeric/tensor.ts';
import { copyElements } from '../../numeric/typed-arrays.ts';
import type { Value } from '../graph.ts';
import { isFloating } from '../operand-types.ts';

/**
 * The contents of an input with a given shape, in the input's current type: its feed, which is repeated for each image of a
 * batch if it holds one. null if contents were not given, or have another shape.
 */
export function feedContents({ feed, dtype }: Value, shape: readonly number[]): Tensor | null {
  if (!feed?.contents) return null;
  const typed = asType(feed.contents, dtype);
  if (sameShape(typed.shape, shape)) return typed;
  const [first = 0, ...rest] = shape;
  const isOne = typed.shape[0] === 1 && sameShape(typed.shape.slice(1), rest);
  return isOne && shape.length === typed.shape.length ? repeated(typed, first) : null;
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** Networks in float16 are processed in float32. */
function asType(tensor: Tensor, dtype: Value['dtype']): Tensor {
  if (tensor.dtype === dtype || !isFloating(dtype) || !isFloating(tensor.dtype)) return tensor;
  const exact = asFloat32(tensor);
  return isOtherFloat(dtype) ? asFloat(exact, dtype) : exact;
}

function repeated({ dtype, shape, data }: Tensor, count: number): Tensor {
  const whole = [count, ...shape.slice(1)];
  if (dtype === 'string')
    return makeTensor(dtype, whole, Array.from({ length: count }, () => data as readonly string[]).flat());
  const made = allocate(dtype, whole);
  const one = data as TypedArray;
  for (let i = 0; i < count; i++) copyElements(made, one, i * one.length);
  return makeTensor(dtype, whole, made);
}
