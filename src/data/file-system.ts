import { fileError } from '../files.ts';

/** Runs file work on `where`; what the operating system refuses becomes an EspalierError, `missing-file` or `io`. */
export async function withFileErrors<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
    if (!code || !syscall) throw error; // not the operating system's
    throw fileError(error, path ?? where);
  }
}
