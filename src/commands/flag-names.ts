import { EspalierError } from '../errors.ts';
import type { Context } from './command.ts';
import type { Flags } from './flags.ts';

/** Replaces option names in backquotes in a line from the library by a command's flags: `size` → --size. */
const withFlagNames = (flags: Flags, line: string): string =>
  line.replace(/`(\w+)`/g, (named, key: string) => flags[key]?.usage.split(' ')[0] ?? named);

/** Runs a command, with option names in the library's errors replaced by its flags. */
export async function namingFlags<T>(flags: Flags, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    const message = withFlagNames(flags, error.message);
    throw message === error.message ? error : new EspalierError(error.code, message, { cause: error });
  }
}

/** A context in which the library's notes and warnings name a command's flags. */
export const flagNamingContext = (flags: Flags, context: Context): Context => ({
  ...context,
  note: (line) => context.note(withFlagNames(flags, line)),
  warn: (line) => context.warn(withFlagNames(flags, line)),
});
