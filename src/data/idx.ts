import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { EspalierError } from '../errors.ts';
import { withFileErrors } from './file-system.ts';

/** A tensor of unsigned bytes in MNIST's IDX format. */
export interface IdxTensor {
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * Reads the unsigned bytes of an IDX file, gzipped or not. Throws `invalid-data` if it is truncated, no IDX file, or of
 * another rank.
 */
export async function readIdx(path: string, rank: number): Promise<IdxTensor> {
  const stored = await withFileErrors(path, () => readFile(path));
  const bytes = stored[0] === 0x1f && stored[1] === 0x8b ? gunzip(path, stored) : stored;
  // Header: two zero bytes, the element type (8: unsigned byte), the rank; then the sizes, big-endian.
  const header = 4 + 4 * rank;
  if (bytes.length < header || bytes.readUInt32BE(0) !== 0x0800 + rank)
    throw new EspalierError('invalid-data', `not an IDX file of bytes with ${rank} dimensions`, {
      where: path,
    });
  const shape = Array.from({ length: rank }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const expected = header + shape.reduce((product, size) => product * size, 1);
  if (bytes.length === expected) return { shape, bytes: bytes.subarray(header) };
  const message = `expected ${expected} bytes for [${shape}], found ${bytes.length}`;
  throw new EspalierError('invalid-data', message, { where: path });
}

function gunzip(path: string, stored: Buffer): Buffer {
  try {
    return gunzipSync(stored);
  } catch (cause) {
    throw new EspalierError('invalid-data', 'the gzip stream is corrupt or truncated', {
      where: path,
      cause,
    });
  }
}
