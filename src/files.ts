import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { EspalierError } from './errors.ts';
import { isRunning } from './process-start.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'expected a file, found a folder',
  ENOTDIR: 'a part of the path is not a folder',
  EMFILE: 'too many open files',
};

/** The error of a failed file operation: one line that names the file. */
export function fileError(cause: unknown, path: string): EspalierError {
  if (cause instanceof EspalierError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOENT')
    return new EspalierError('missing-file', 'no such file or folder', { where: path, cause });
  return new EspalierError('io', reasons[code] ?? String((cause as Error).message), { where: path, cause });
}

/** A file to be written. */
export interface FileContents {
  readonly path: string;
  readonly chunks: Iterable<Uint8Array | string>;
}

/**
 * Writes files atomically: each is written beside its target, synced to disk and renamed. On an error, partial files are
 * removed and existing files are kept.
 */
export function writeFilesAtomically(files: readonly FileContents[]): void {
  const partial = (path: string) => `${path}.${process.pid}.partial`;
  let current = '';
  try {
    for (const { path, chunks } of files) {
      current = path;
      mkdirSync(dirname(path), { recursive: true });
      writeChunks(partial(path), chunks);
    }
    for (const { path } of files) {
      current = path;
      renameSync(partial(path), path);
    }
  } catch (cause) {
    for (const { path } of files) rmSync(partial(path), { force: true });
    throw fileError(cause, current);
  }
}

/** Removes half-written files below a folder whose process no longer runs. */
export function removeStalePartials(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const pid = /\.(\d+)\.partial$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

/** {@link writeFilesAtomically} for one file. */
export function writeFileAtomically(path: string, chunks: FileContents['chunks']): void {
  writeFilesAtomically([{ path, chunks }]);
}

/** Maximum number of bytes per write: Node rejects 2 GiB. */
const MOST_AT_ONCE = 2 ** 30;

function writeChunks(path: string, chunks: Iterable<Uint8Array | string>): void {
  const file = openSync(path, 'w');
  try {
    for (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      for (let done = 0; done < bytes.byteLength; ) {
        done += writeSync(file, bytes, done, Math.min(MOST_AT_ONCE, bytes.byteLength - done));
      }
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Reads a file. Errors are EspalierErrors that name it. */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw fileError(cause, path);
  }
}

/** Parses a JSON file. Throws `invalid-data` if it is no JSON. */
export function readJson(path: string): unknown {
  const text = readBytes(path).toString();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EspalierError('invalid-data', 'is not valid JSON', { where: path, cause });
  }
}

/** Whether two paths lead to the same existing file. */
export function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
