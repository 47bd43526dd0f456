import { EspalierError } from 'espalier/core';
import type { StoredFile } from './recognise.ts';

/** The text of a dropped file. Throws `missing-file` if it was not dropped. */
export async function readText(files: readonly StoredFile[], name: string): Promise<string> {
  const file = files.find((each) => each.name === name);
  if (!file) throw new EspalierError('missing-file', 'not found', { where: name });
  return new TextDecoder().decode(await file.bytes());
}

/** The contents of a dropped JSON file. Throws `invalid-data` if it is damaged. */
export const readJson = async (files: readonly StoredFile[], name: string): Promise<unknown> =>
  parseJson(await readText(files, name), name);

/** Parses JSON. Throws `invalid-data`, naming the place, if it is damaged. */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EspalierError('invalid-data', `is not JSON: ${(cause as Error).message}`, { where, cause });
  }
}
