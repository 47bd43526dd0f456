import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { fileError } from '../files.ts';
import { broken } from './broken.ts';
import type { ExternalRange, ReadExternalData } from './external-data.ts';

/** Returns a function that reads external data from files in a folder. */
export const externalFilesIn =
  (directory: string): ReadExternalData =>
  ({ location, ...range }) =>
    readRange(locate(directory, location, range.where), range);

/** The path of a location. Rejects files outside the model's folder, including links to them. */
function locate(directory: string, location: string, where: string): string {
  const outside = () =>
    broken(`expected external data in the model's folder, found ${JSON.stringify(location)}`, where);
  const parts = location.split(/[\\/]/);
  if (location === '' || location.includes('\0') || isAbsolute(location) || parts.includes('..'))
    throw outside();
  const path = join(directory, location);
  try {
    const real = realpathSync(path);
    const within = relative(realpathSync(directory), real);
    if (within === '' || within === '..' || within.startsWith(`..${sep}`) || isAbsolute(within))
      throw outside();
    // Opening a pipe would block forever.
    if (!statSync(real).isFile()) throw broken('its external data is not a file', where);
    return real;
  } catch (cause) {
    throw fileError(cause, path);
  }
}

/** Maximum number of bytes per read. */
const CHUNK = 2 ** 30;

function readRange(path: string, { offset, length, where }: Omit<ExternalRange, 'location'>): Uint8Array {
  try {
    const { size } = statSync(path);
    if (offset + length > size) {
      throw broken(`expected ${length} bytes at ${offset} of its external data, the file has ${size}`, where);
    }
    const bytes = new Uint8Array(length);
    const file = openSync(path, 'r');
    try {
      for (let done = 0; done < length; ) {
        const count = readSync(file, bytes, done, Math.min(CHUNK, length - done), offset + done);
        if (count === 0) throw broken('its external data ends early', where);
        done += count;
      }
    } finally {
      closeSync(file);
    }
    return bytes;
  } catch (cause) {
    throw fileError(cause, path);
  }
}
