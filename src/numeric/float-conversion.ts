import { assert } from '../errors.ts';
import { type DataType, type Float32Tensor, floats, makeTensor, type Tensor } from './tensor.ts';

/** Floating-point types other than float32 in which a network can be stored. */
export type OtherFloat = 'float16' | 'bfloat16' | 'float64';

/** The range of a type, and the conversion of its elements. */
interface Conversion {
  /** The largest finite element. */
  readonly largest: number;
  decode(data: Tensor['data']): Float32Array;
  encode(data: Float32Array): Tensor['data'];
}

const conversions: { readonly [D in OtherFloat]: Conversion } = {
  float16: { largest: 65504, decode: decoded(floatFromHalf), encode: encoded(halfFromFloat) },
  bfloat16: { largest: 3.3895e38, decode: decoded((bits) => bits << 16), encode: encoded(bfloatFromFloat) },
  float64: {
    largest: Number.MAX_VALUE,
    decode: (data) => Float32Array.from(data as Float64Array),
    encode: (data) => Float64Array.from(data),
  },
};

export const isOtherFloat = (dtype: DataType | null | undefined): dtype is OtherFloat =>
  dtype != null && Object.hasOwn(conversions, dtype);

/** The largest finite element of a type. */
export const largestOf = (dtype: OtherFloat): number => conversions[dtype].largest;

/** The elements as float32: exact, except that float64 is rounded. */
export function asFloat32(tensor: Tensor): Float32Tensor {
  if (tensor.dtype === 'float32') return tensor as Float32Tensor;
  assert(isOtherFloat(tensor.dtype), `floating point expected, got ${tensor.dtype}`);
  return floats(tensor.shape, conversions[tensor.dtype].decode(tensor.data));
}

/** float32 elements converted to another type: rounded to nearest, ties to even; infinite beyond its range. */
export const asFloat = (tensor: Float32Tensor, dtype: OtherFloat): Tensor =>
  makeTensor(dtype, tensor.shape, conversions[dtype].encode(tensor.data));

/** The number that a 16-bit pattern encodes (IEEE 754 binary16). */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

/** Decodes 16 bits, given the conversion to the bits of a float32. */
function decoded(bitsOf: (bits: number) => number): Conversion['decode'] {
  return (data) => {
    const from = data as Uint16Array;
    const bits = new Int32Array(from.length);
    for (let i = 0; i < from.length; i++) bits[i] = bitsOf(from[i]!);
    return new Float32Array(bits.buffer);
  };
}

function encoded(fromBits: (bits: number) => number): Conversion['encode'] {
  return (data) => {
    const bits = new Int32Array(data.buffer as ArrayBuffer, data.byteOffset, data.length);
    const to = new Uint16Array(data.length);
    for (let i = 0; i < to.length; i++) to[i] = fromBits(bits[i]!);
    return to;
  };
}

const one = new Float32Array(1);
const oneBits = new Int32Array(one.buffer);

function floatFromHalf(bits: number): number {
  const exponent = bits & 0x7c00;
  if (exponent !== 0 && exponent !== 0x7c00) {
    return ((bits & 0x8000) << 16) | (((bits & 0x7fff) << 13) + 0x38000000);
  }
  one[0] = halfToNumber(bits);
  // JavaScript has a single NaN, and preserves the sign of zero.
  return oneBits[0]!;
}

/** Rounds the bits of a float32 to binary16. */
function halfFromFloat(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to 65536 and above
  if (magnitude >= 0x38800000) return sign | roundedOff(magnitude - 0x38000000, 13);
  const exponent = magnitude >>> 23;
  if (exponent < 102) return sign; // below half of the smallest, 2⁻²⁴
  return sign | roundedOff((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

function bfloatFromFloat(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) & 0xffff) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Drops `count` bits: rounds to nearest, ties to even. */
const roundedOff = (bits: number, count: number): number =>
  (bits + (1 << (count - 1)) - 1 + ((bits >>> count) & 1)) >>> count;
