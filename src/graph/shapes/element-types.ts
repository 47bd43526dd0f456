import type { DataType } from '../../numeric/tensor.ts';

/** Element types by ONNX's number, as used in attributes `to` and `dtype`. */
export const elementTypes: readonly (DataType | null)[] = [
  null,
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
];

/** The element type with ONNX's number; null if there is none. */
export const elementType = (number: number | undefined): DataType | null => elementTypes[number ?? 0] ?? null;
