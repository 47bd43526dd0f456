import type { Flags } from '../commands/flags.ts';

/** A message of the library with the options that it names in backquotes as a command's flags: `size` → --size. */
export const withFlagNames = (message: string, flags: Flags): string =>
  message.replace(/`(\w+)`/g, (named, key: string) => flags[key]?.usage.split(' ')[0] ?? named);
