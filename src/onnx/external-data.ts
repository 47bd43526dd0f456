import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { fileError } from '../files.ts';
import { broken } from './broken.ts';

/** Where tensors outside the model file are read from. */
export interface ExternalData {
  /** The bytes that the entries (location, offset, length) of a tensor point to. */
  read(entries: Readonly<Record<string, string>>, expected: { where: string; bytes: number }): Uint8Array;
}

/** External data of a model that lies in `directory`; without one every such tensor is an error. */
export function externalData(directory: string | undefined): ExternalData {
  return {
    read(entries, { where, bytes }) {
      if (directory === undefined)
        throw broken('its data lies in another file: read the model from its file', where);
      const path = locate(directory, entries.location ?? '', where);
      const offset = wholeNumber(entries.offset, 0);
      const length = wholeNumber(entries.length, bytes);
      if (length !== bytes) throw broken(`expected ${bytes} bytes of external data, found ${length}`, where);
      return readRange(path, { offset, length, where });
    },
  };
}

function wholeNumber(text: string | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN;
}

/** The file of a location; nothing outside the model's folder is read, links included. */
function locate(directory: string, location: string, where: string): string {
  const outside = () =>
    broken(`external data must lie in the model's folder, found ${JSON.stringify(location)}`, where);
  const parts = location.split(/[\\/]/);
  if (location === '' || location.includes('\0') || isAbsolute(location) || parts.includes('..'))
    throw outside();
  const path = join(directory, location);
  try {
    const real = realpathSync(path);
    const within = relative(realpathSync(directory), real);
    if (within === '' || within === '..' || within.startsWith(`..${sep}`) || isAbsolute(within))
      throw outside();
    // Opening a pipe would wait for ever.
    if (!statSync(real).isFile()) throw broken('its external data is no file', where);
    return real;
  } catch (cause) {
    throw fileError(cause, path);
  }
}

/** Bytes that one read asks for at most. */
const CHUNK = 2 ** 30;

function readRange(
  path: string,
  { offset, length, where }: { offset: number; length: number; where: string },
): Uint8Array {
  try {
    const { size } = statSync(path);
    if (!(offset + length <= size)) {
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
