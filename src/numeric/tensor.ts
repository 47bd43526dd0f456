import { assert } from '../errors.ts';

/**
 * Element types, with ONNX's names. float16 and bfloat16 are raw bits in a Uint16Array, bool and the 8-bit floats one byte
 * per element, int4 and uint4 two elements per byte, complex numbers interleaved pairs.
 */
export type DataType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string'
  | 'complex64'
  | 'complex128'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'float8e8m0'
  | 'int4'
  | 'uint4'
  | 'float4e2m1'
  | 'int2'
  | 'uint2';

/** The arrays that store the elements of numeric tensors; float16 and bfloat16 are raw bits in a Uint16Array. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense tensor, row-major. Its data must not be modified after construction, because tensors are shared. */
export interface Tensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: TypedArray | readonly string[];
}

/** A tensor with float32 elements. */
export type Float32Tensor = Tensor & { readonly dtype: 'float32'; readonly data: Float32Array };

interface ArrayConstructor {
  new (length: number): TypedArray;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
}

interface Storage {
  readonly array: ArrayConstructor;
  /** Array elements per tensor element: 2 for complex numbers, ½ for int4, ¼ for int2. */
  readonly perElement: number;
}

const storage: { readonly [D in Exclude<DataType, 'string'>]: Storage } = {
  float32: { array: Float32Array, perElement: 1 },
  float64: { array: Float64Array, perElement: 1 },
  float16: { array: Uint16Array, perElement: 1 },
  bfloat16: { array: Uint16Array, perElement: 1 },
  int8: { array: Int8Array, perElement: 1 },
  int16: { array: Int16Array, perElement: 1 },
  int32: { array: Int32Array, perElement: 1 },
  int64: { array: BigInt64Array, perElement: 1 },
  uint8: { array: Uint8Array, perElement: 1 },
  uint16: { array: Uint16Array, perElement: 1 },
  uint32: { array: Uint32Array, perElement: 1 },
  uint64: { array: BigUint64Array, perElement: 1 },
  bool: { array: Uint8Array, perElement: 1 },
  complex64: { array: Float32Array, perElement: 2 },
  complex128: { array: Float64Array, perElement: 2 },
  float8e4m3fn: { array: Uint8Array, perElement: 1 },
  float8e4m3fnuz: { array: Uint8Array, perElement: 1 },
  float8e5m2: { array: Uint8Array, perElement: 1 },
  float8e5m2fnuz: { array: Uint8Array, perElement: 1 },
  float8e8m0: { array: Uint8Array, perElement: 1 },
  int4: { array: Uint8Array, perElement: 1 / 2 },
  uint4: { array: Uint8Array, perElement: 1 / 2 },
  float4e2m1: { array: Uint8Array, perElement: 1 / 2 },
  int2: { array: Uint8Array, perElement: 1 / 4 },
  uint2: { array: Uint8Array, perElement: 1 / 4 },
};

/** The number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Distance between neighbouring elements along each axis, row-major. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Length of the typed array of a tensor. */
export function arrayLength(dtype: Exclude<DataType, 'string'>, shape: readonly number[]): number {
  return Math.ceil(elementCount(shape) * storage[dtype].perElement);
}

/** Bytes per element of the typed array of a type. */
export const byteWidth = (dtype: Exclude<DataType, 'string'>): number =>
  storage[dtype].array.BYTES_PER_ELEMENT;

const utf8 = new TextEncoder();

/** Bytes of a tensor's elements; strings count with their UTF-8 length. */
export function byteSize(tensor: Tensor): number {
  if (ArrayBuffer.isView(tensor.data)) return tensor.data.byteLength;
  return tensor.data.reduce((sum, text) => sum + utf8.encode(text).length, 0);
}

/** Bytes of a tensor with this type and shape. */
export const bytesFor = (dtype: Exclude<DataType, 'string'>, shape: readonly number[]): number =>
  arrayLength(dtype, shape) * byteWidth(dtype);

/** A typed array of zeros for this type and shape. */
export function allocate(dtype: Exclude<DataType, 'string'>, shape: readonly number[]): TypedArray {
  return new storage[dtype].array(arrayLength(dtype, shape));
}

/** A typed array over little-endian bytes; they are copied if not aligned for the type. */
export function viewBytes(dtype: Exclude<DataType, 'string'>, bytes: Uint8Array): TypedArray {
  const { array } = storage[dtype];
  // Not bytes.slice(): for a Buffer that is a view of the same memory, and no better aligned.
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new array(
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    bytes.byteLength / array.BYTES_PER_ELEMENT,
  );
}

/** A tensor. Throws if the length of the data does not match the shape. */
export function makeTensor(dtype: DataType, shape: readonly number[], data: Tensor['data']): Tensor {
  const expected = dtype === 'string' ? elementCount(shape) : arrayLength(dtype, shape);
  assert(
    data.length === expected,
    `tensor [${shape}] of ${dtype} needs ${expected} elements, got ${data.length}`,
  );
  return { dtype, shape: [...shape], data };
}

/** A float32 tensor from numbers. */
export function floats(shape: readonly number[], data: ArrayLike<number>): Float32Tensor {
  const array = data instanceof Float32Array ? data : Float32Array.from(data);
  return makeTensor('float32', shape, array) as Float32Tensor;
}

/** A one-dimensional int64 tensor; see {@link toInt64}. */
export function int64s(values: readonly (number | bigint)[]): Tensor {
  return makeTensor('int64', [values.length], BigInt64Array.from(values, toInt64));
}

const [LEAST_INT64, LARGEST_INT64] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Converts an integer to int64, clamped to its range: INT64_MAX, which becomes 2⁶³ as a number, is restored. */
export function toInt64(value: number | bigint): bigint {
  const exact = BigInt(value);
  if (exact > LARGEST_INT64) return LARGEST_INT64;
  return exact < LEAST_INT64 ? LEAST_INT64 : exact;
}

/** A float32 or int64 scalar. */
export function scalar(value: number, dtype: 'float32' | 'int64' = 'float32'): Tensor {
  return dtype === 'float32'
    ? floats([], [value])
    : makeTensor('int64', [], BigInt64Array.of(toInt64(value)));
}

/** The elements of an integer or floating-point tensor as numbers. Asserts on strings and packed types. */
export function toNumbers(tensor: Tensor): number[] {
  assert(ArrayBuffer.isView(tensor.data), `numbers expected, got ${tensor.dtype}`);
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** The elements of a float32 tensor. Another type, or no tensor, is a bug of the caller. */
export function float32Data(tensor: Tensor | null | undefined): Float32Array {
  assert(tensor?.data instanceof Float32Array, `float32 expected, got ${tensor?.dtype ?? 'no tensor'}`);
  return tensor.data;
}

/** A float32 tensor whose elements all have one value. */
export function filled(shape: readonly number[], value: number): Float32Tensor {
  return floats(shape, new Float32Array(elementCount(shape)).fill(value));
}

/** Whether all elements of a numeric tensor are equal, or there are none. */
export function isUniform({ dtype, data }: Tensor): boolean {
  if (dtype === 'string') return false;
  const elements = data as TypedArray;
  return elements.every((element: number | bigint) => element === elements[0]);
}
