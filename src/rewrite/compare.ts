import { EspalierError } from '../errors.ts';
import { type DataType, type Tensor, toNumbers } from '../numeric/tensor.ts';

/** Allowed errors relative to the largest expected element; other types must be equal. */
const tolerances: { readonly [D in DataType]?: number } = { float64: 1e-9, float32: 1e-4, float16: 2e-2 };

export const toleranceOf = (dtype: DataType): number => tolerances[dtype] ?? 0;

/**
 * max |a − b| / max |b| over the elements, NaN where one alone is NaN; elements that are equal, infinite or NaN ones
 * too, differ by 0. Throws `verification` where types or shapes differ.
 */
export function tensorError(name: string, actual: Tensor, expected: Tensor): number {
  const [found, wanted] = [actual, expected].map(({ dtype, shape }) => `${dtype} [${shape}]`);
  if (found !== wanted) {
    throw new EspalierError('verification', `expected ${wanted}, got ${found}`, { where: name });
  }
  if (expected.dtype === 'string') return stringError(actual, expected);
  const [a, b] = [numbersOf(actual), numbersOf(expected)];
  let difference = 0;
  let largest = 1e-6;
  for (let i = 0; i < b.length; i++) {
    if (!Object.is(a[i], b[i])) difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    if (Number.isFinite(b[i])) largest = Math.max(largest, Math.abs(b[i]!));
  }
  return difference / largest;
}

const stringError = (actual: Tensor, expected: Tensor): number =>
  expected.data.every((text: unknown, i: number) => text === actual.data[i]) ? 0 : 1;

const numbersOf = (tensor: Tensor): number[] =>
  tensor.dtype === 'float16' ? toNumbers(tensor).map(halfToNumber) : toNumbers(tensor);

/** The number that 16 bits stand for (IEEE 754 binary16). */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}
