import { EspalierError } from '../errors.ts';
import type { Flags } from './flags.ts';

/** Runs a command; errors of the library, which name options in backquotes, name its flags instead: `size` → --size. */
export async function namingFlags<T>(flags: Flags, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    const message = error.message.replace(
      /`(\w+)`/g,
      (named, key: string) => flags[key]?.usage.split(' ')[0] ?? named,
    );
    throw message === error.message ? error : new EspalierError(error.code, message, { cause: error });
  }
}
