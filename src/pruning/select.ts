import { assert } from '../errors.ts';
import { floats, type Tensor } from '../numeric/tensor.ts';

/** The slices `indices` of a float32 tensor along one axis, each `block` rows wide, in that order. */
export function selectSlices(tensor: Tensor, axis: number, indices: readonly number[], block = 1): Tensor {
  assert(tensor.dtype === 'float32', `float32 expected, got ${tensor.dtype}`);
  const source = tensor.data as Float32Array;
  const outer = product(tensor.shape.slice(0, axis));
  const run = product(tensor.shape.slice(axis + 1)) * block;
  const stride = product(tensor.shape.slice(axis));
  const shape = [...tensor.shape];
  shape[axis] = indices.length * block;
  const target = new Float32Array(outer * indices.length * run);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of indices) {
      const from = o * stride + index * run;
      target.set(source.subarray(from, from + run), at);
      at += run;
    }
  }
  return floats(shape, target);
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
