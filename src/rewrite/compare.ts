import { EspalierError } from '../errors.ts';
import { asFloat32, isOtherFloat } from '../numeric/float-conversion.ts';
import { type DataType, type Tensor, toNumbers } from '../numeric/tensor.ts';

/**
 * Allowed errors, relative to the largest expected element; other types must be equal. float16 rounds each layer's results to
 * 11 bits, an error of up to u = 2⁻¹¹. The errors of L layers accumulate like a random walk, to about √L·u, and the reference
 * has them as well: √2·√L·u, with a factor of 2 for newly rounded weights, is 2 % at 200 layers. float64 networks are
 * processed in float32.
 */
const tolerances: { readonly [D in DataType]?: number } = { float64: 1e-4, float32: 1e-4, float16: 2e-2 };

export const toleranceOf = (dtype: DataType): number => tolerances[dtype] ?? 0;

/**
 * max |a − b| / max |b| over all elements; NaN if an element is NaN in only one tensor. Equal elements, including infinite
 * ones and NaN, have a difference of 0. The denominator is at least `scale`. Throws `verification` if types or shapes differ.
 */
export function tensorError(name: string, actual: Tensor, expected: Tensor, scale = 0): number {
  const [found, wanted] = [actual, expected].map(({ dtype, shape }) => `${dtype} [${shape}]`);
  if (found !== wanted) {
    throw new EspalierError('verification', `expected ${wanted}, got ${found}`, { where: name });
  }
  if (expected.dtype === 'string') return stringError(actual, expected);
  const [a, b] = [numbersOf(actual), numbersOf(expected)];
  let difference = 0;
  let largest = Math.max(1e-6, scale);
  for (let i = 0; i < b.length; i++) {
    if (!Object.is(a[i], b[i])) difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    if (Number.isFinite(b[i])) largest = Math.max(largest, Math.abs(b[i]!));
  }
  return difference / largest;
}

/** max |x| over the finite elements; 0 if there are none. */
export function scaleOf(tensor: Tensor): number {
  if (tensor.dtype === 'string') return 0;
  let largest = 0;
  const numbers = numbersOf(tensor);
  for (let i = 0; i < numbers.length; i++)
    if (Number.isFinite(numbers[i])) largest = Math.max(largest, Math.abs(numbers[i]!));
  return largest;
}

const stringError = (actual: Tensor, expected: Tensor): number =>
  expected.data.every((text: unknown, i: number) => text === actual.data[i]) ? 0 : 1;

/** The elements as numbers, without a copy if possible: 16-bit types are stored as bits, 64-bit integers as bigints. */
function numbersOf(tensor: Tensor): ArrayLike<number> {
  const { dtype, data } = tensor;
  if (isOtherFloat(dtype) && dtype !== 'float64') return asFloat32(tensor).data;
  return dtype === 'int64' || dtype === 'uint64' ? toNumbers(tensor) : (data as Float32Array);
}
