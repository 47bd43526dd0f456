import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readNpyFile } from '../../src/data/npy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Written {
  readonly descr: string;
  readonly shape: string;
  readonly elements: Uint8Array;
  readonly version?: 1 | 2;
  readonly fortran?: boolean;
}

/** A file as numpy.save writes it: the header padded so that elements begin at a multiple of 64. */
function save({ descr, shape, elements, version = 1, fortran = false }: Written): string {
  const path = join(temporaryFolder(), 'x.npy');
  const dictionary = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`;
  const before = version === 1 ? 10 : 12;
  const header = `${dictionary.padEnd(64 * Math.ceil((before + dictionary.length + 1) / 64) - before - 1)}\n`;
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length[version === 1 ? 'writeUInt16LE' : 'writeUInt32LE'](header.length);
  const magic = Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0]);
  writeFileSync(path, Buffer.concat([magic, length, Buffer.from(header, 'latin1'), elements]));
  return path;
}

const bytesOf = (array: { buffer: ArrayBufferLike }): Uint8Array =>
  new Uint8Array(array.buffer as ArrayBuffer);

describe('arrays of numpy.save', () => {
  test.each([
    ['<f4', 'float32', Float32Array.of(1.5, -2)],
    ['<f8', 'float64', Float64Array.of(1.5, -2)],
    ['<i8', 'int64', BigInt64Array.of(3n, -4n)],
    ['<i4', 'int32', Int32Array.of(3, -4)],
    ['|u1', 'uint8', Uint8Array.of(3, 200)],
    ['|b1', 'bool', Uint8Array.of(0, 1)],
    ['<f2', 'float16', Uint16Array.of(0x3c00, 0xc000)],
  ] as const)('%s is %s', async (descr, dtype, data) => {
    for (const version of [1, 2] as const) {
      const path = save({ descr, shape: '(1, 2)', elements: bytesOf(data), version });
      expect(await readNpyFile(path)).toEqual({ dtype, shape: [1, 2], data });
    }
  });

  test('one axis, and none', async () => {
    const four = { descr: '<f4', elements: bytesOf(Float32Array.of(7)) };
    expect((await readNpyFile(save({ ...four, shape: '(1,)' }))).shape).toEqual([1]);
    expect((await readNpyFile(save({ ...four, shape: '()' }))).shape).toEqual([]);
  });

  test.each([
    [
      { descr: '>f4', shape: '(1,)', elements: new Uint8Array(4) },
      'expected little-endian numbers, found >f4',
    ],
    [{ descr: '<U3', shape: '(1,)', elements: new Uint8Array(12) }, 'found <U3'],
    [{ descr: '<f4', shape: '(2, 2)', elements: new Uint8Array(16), fortran: true }, 'row-major'],
    [{ descr: '<f4', shape: '(3,)', elements: new Uint8Array(8) }, 'expected 12 bytes for [3], found 8'],
    [{ descr: '<f4', shape: '(99999999999,)', elements: new Uint8Array(4) }, 'more than'],
  ] as const)('refuses %o', async (written, message) => {
    await expect(readNpyFile(save(written))).rejects.toThrow(message);
  });

  test('refuses what is no array', async () => {
    const path = join(temporaryFolder(), 'x.npy');
    for (const bytes of ['', 'PK\x03\x04', '\x93NUMPY'.padEnd(11)]) {
      writeFileSync(path, bytes, 'latin1');
      await expect(readNpyFile(path)).rejects.toThrow('expected a file written by numpy.save');
    }
  });
});
