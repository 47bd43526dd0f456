import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EspalierError } from '../errors.ts';
import { readBytes, writeFileAtomically } from '../files.ts';
import { parseModel, serializeModel } from '../onnx/index.ts';
import { readModelFile } from '../onnx/model-file.ts';
import type { Store } from './store.ts';
import type { StoredFile } from './tasks.ts';

/** A file or folder that a task reads. */
export interface StoredInput {
  readonly files: StoredFile[];
  /** The file among them that the task refers to; null for the whole folder. */
  readonly path: string | null;
}

/** Stores a model as one file; external data is included in it. */
export async function storedModel(path: string, store: Store): Promise<StoredInput> {
  const graph = readModelFile(path);
  const bytes = readBytes(path);
  let whole: Uint8Array = bytes;
  try {
    parseModel(bytes);
  } catch {
    whole = serializeModel(graph);
  }
  return { files: [{ path: 'model.onnx', key: await store.put(whole) }], path: 'model.onnx' };
}

/** Stores a file, or the files of a folder ({@link filesBelow}). Throws `missing-file` if it does not exist. */
export async function storedPath(path: string, store: Store): Promise<StoredInput> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new EspalierError('missing-file', 'no such file or folder', { where: path });
  if (!found.isDirectory())
    return { files: [{ path: 'file', key: await store.put(readBytes(path)) }], path: 'file' };
  return { files: await filesBelow(path, store), path: null };
}

/** Stores the files below a folder, except hidden and unfinished ones, locks, and names that tasks must not use. */
export async function filesBelow(
  root: string,
  store: Store,
  change: (path: string, bytes: Buffer) => Uint8Array = (_, bytes) => bytes,
): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const whole = join(entry.parentPath, entry.name);
    const path = whole.slice(join(root, '/').length).replaceAll('\\', '/');
    if (/(^|\/)(\.|run\.lock)|[^\w@+./-]|\.partial$/.test(path)) continue;
    files.push({ path, key: await store.put(change(path, readBytes(whole))) });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Writes stored files into a folder. */
export async function fetchFiles(files: readonly StoredFile[], folder: string, store: Store): Promise<void> {
  for (const { path, key } of files) writeFileAtomically(join(folder, path), [await store.get(key)]);
}
