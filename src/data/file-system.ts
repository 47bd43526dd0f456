import { fileError } from '../files.ts';

/** Runs file operations on `where`; errors of the operating system become EspalierErrors with code `missing-file` or `io`. */
export async function withFileErrors<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
    if (!code || !syscall) throw error; // not an error of the operating system
    throw fileError(error, path ?? where);
  }
}
