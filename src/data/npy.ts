import { readFile } from 'node:fs/promises';
import { EspalierError } from '../errors.ts';
import { expectWithin } from '../numeric/budget.ts';
import { bytesFor, type DataType, makeTensor, type Tensor, viewBytes } from '../numeric/tensor.ts';
import { withFileErrors } from './file-system.ts';

type NumpyType = Exclude<DataType, 'string'>;

/** By NumPy's name of the type, without byte order. */
const types: Readonly<Record<string, NumpyType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/** Reads an array written by numpy.save. Throws `invalid-data` unless it is numeric, row-major and little-endian. */
export async function readNpyFile(path: string): Promise<Tensor> {
  return parseNpy(await withFileErrors(path, () => readFile(path)), path);
}

/**
 * Parses the format: \x93NUMPY, version, length of the header (2 bytes, or 4 from version 2), the header, which is a Python
 * dictionary, and the elements.
 */
function parseNpy(bytes: Buffer, where: string): Tensor {
  const wrong = (message: string) => new EspalierError('invalid-data', message, { where });
  const wide = bytes[6] !== 1;
  const from = wide ? 12 : 10;
  if (bytes.length < from || bytes.toString('latin1', 0, 6) !== '\x93NUMPY')
    throw wrong('expected a file written by numpy.save (.npy)');
  const start = from + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.toString('latin1', from, start);
  const descriptor = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? 'a structure';
  const dtype = /^[<|=]/.test(descriptor) ? types[descriptor.slice(1)] : undefined;
  if (!dtype) throw wrong(`expected little-endian numbers, found ${descriptor}: convert with numpy's astype`);
  if (/'fortran_order':\s*True/.test(header))
    throw wrong('expected a row-major array: save it with numpy.ascontiguousarray');
  const shape = (/'shape':\s*\(([\d\s,]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number);
  const needed = bytesFor(dtype, shape);
  expectWithin({ bytes: needed, where, what: `an array of [${shape}]` });
  if (bytes.length - start !== needed)
    throw wrong(`expected ${needed} bytes for [${shape}], found ${Math.max(0, bytes.length - start)}`);
  return makeTensor(dtype, shape, viewBytes(dtype, bytes.subarray(start)));
}
