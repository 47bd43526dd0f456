import { type TensorProto, TensorProto_DataLocation } from 'onnx-buf';
import { elementType } from '../graph/shapes/element-types.ts';
import { allocate, arrayLength, type DataType, type Tensor, viewBytes } from '../numeric/tensor.ts';
import { setElements } from '../numeric/typed-arrays.ts';
import { broken } from './broken.ts';
import { externalBytes, type ReadExternalData } from './external-data.ts';

/** The data of a tensor in the file, except type, shape and contents. */
export type TensorNotes = Pick<TensorProto, 'name' | 'docString' | 'metadataProps'>;

/** Notes of tensors, stored separately because tensors have no field for them, so that they can be written back. */
export const tensorNotes = new WeakMap<Tensor, TensorNotes>();

type NumericType = Exclude<DataType, 'string'>;

/** Reads a tensor. Its size is checked against its payload before anything is allocated. */
export function readTensor(proto: TensorProto, external: ReadExternalData): Tensor {
  const where = proto.name || 'tensor';
  const dtype = elementType(proto.dataType);
  if (!dtype) throw broken(`unknown element type ${proto.dataType}`, where);
  const shape = proto.dims.map((dim) => dimension(dim, where));
  if (!Number.isSafeInteger(shape.reduce((product, size) => product * size, 1))) {
    throw broken(`a tensor of shape [${shape}] is too large`, where);
  }
  if (proto.segment) throw broken('tensors in segments are not supported', where);
  const tensor: Tensor = { dtype, shape, data: readData(proto, { dtype, shape, where, external }) };
  const { name, docString, metadataProps } = proto;
  tensorNotes.set(tensor, { name, docString, metadataProps });
  return tensor;
}

function dimension(dim: bigint, where: string): number {
  if (dim < 0n || dim > BigInt(Number.MAX_SAFE_INTEGER))
    throw broken(`expected a dimension of at least 0, found ${dim}`, where);
  return Number(dim);
}

interface TensorHeader {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly where: string;
  readonly external: ReadExternalData;
}

function readData(proto: TensorProto, target: TensorHeader): Tensor['data'] {
  const { dtype, shape, where, external } = target;
  if (dtype === 'string') return readStrings(proto, target);
  const length = arrayLength(dtype, shape);
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    const entries = Object.fromEntries(proto.externalData.map(({ key, value }) => [key, value]));
    return viewBytes(dtype, externalBytes(entries, { where, bytes: bytesOf(dtype, shape) }, external));
  }
  if (proto.rawData.length > 0 || length === 0) {
    const expected = bytesOf(dtype, shape);
    if (proto.rawData.length !== expected) {
      throw broken(
        `expected ${expected} bytes for ${dtype} [${shape}], found ${proto.rawData.length}`,
        where,
      );
    }
    return viewBytes(dtype, proto.rawData);
  }
  return readTyped(proto, { ...target, dtype, length });
}

/** Bytes of a tensor's typed array. */
function bytesOf(dtype: NumericType, shape: readonly number[]): number {
  const { BYTES_PER_ELEMENT } = allocate(dtype, [0]);
  return arrayLength(dtype, shape) * BYTES_PER_ELEMENT;
}

function readStrings(proto: TensorProto, { shape, where }: TensorHeader): string[] {
  const count = shape.reduce((product, size) => product * size, 1);
  if (proto.stringData.length !== count) {
    throw broken(`expected ${count} strings for shape [${shape}], found ${proto.stringData.length}`, where);
  }
  return proto.stringData.map((bytes) => utf8.decode(bytes));
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads elements from the type-specific field, if they are not raw bytes. */
function readTyped(
  proto: TensorProto,
  target: TensorHeader & { dtype: NumericType; length: number },
): Tensor['data'] {
  const { dtype, shape, where, length } = target;
  const field: readonly (number | bigint)[] =
    dtype === 'float32' || dtype === 'complex64'
      ? proto.floatData
      : dtype === 'float64' || dtype === 'complex128'
        ? proto.doubleData
        : dtype === 'int64'
          ? proto.int64Data
          : dtype === 'uint32' || dtype === 'uint64'
            ? proto.uint64Data
            : proto.int32Data;
  if (field.length !== length)
    throw broken(`expected ${length} elements for ${dtype} [${shape}], found ${field.length}`, where);
  const data = allocate(dtype, shape);
  setElements(data, (i) => field[i]!);
  return data;
}
