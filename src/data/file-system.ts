import { EspalierError } from '../errors.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is exceeded',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file, expected a folder',
  EISDIR: 'expected a file, found a folder',
  EMFILE: 'too many files are open',
};

/** Runs file work on `where`; what the operating system refuses becomes an EspalierError, `missing-file` or `io`. */
export async function withFileErrors<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(where, error);
  }
}

function fileError(where: string, cause: unknown): unknown {
  const { code, path } = (cause ?? {}) as NodeJS.ErrnoException;
  if (cause instanceof EspalierError || typeof code !== 'string') return cause;
  const file = path ?? where;
  if (code === 'ENOENT') return new EspalierError('missing-file', 'no such file', { where: file, cause });
  return new EspalierError('io', reasons[code] ?? `file error ${code}`, { where: file, cause });
}
