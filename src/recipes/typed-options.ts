import type { Command } from '../commands/command.ts';
import type { Flag, Flags, RawValue } from '../commands/flags.ts';
import { EspalierError } from '../errors.ts';
import { closestName } from '../suggest.ts';
import { camelCase, type OptionValue } from './recipe-file.ts';

/** A flag under one of its names in recipes. */
export interface Spelling {
  /** The flag's key in the table of its command. */
  readonly key: string;
  /** The flag on a command line: `--no-verify`. */
  readonly word: string;
  readonly flag: Flag<unknown>;
  /**
   * The value for which a switch is present on the command line: `verify: false` and `noVerify: true` both mean
   * `--no-verify`. null for flags with values.
   */
  readonly typedFor: boolean | null;
}

/** The names that a recipe may use for a command's options. */
export function spellingsOf(flags: Flags): ReadonlyMap<string, Spelling> {
  const names = new Map<string, Spelling>();
  for (const [key, flag] of Object.entries(flags)) {
    const [word = '', value] = flag.usage.split(' ');
    const spelling = { key, word, flag };
    const name = camelCase(word.slice('--'.length));
    const negated = word.startsWith('--no-') && value === undefined;
    names.set(name, { ...spelling, typedFor: value === undefined ? true : null });
    if (negated) names.set(camelCase(word.slice('--no-'.length)), { ...spelling, typedFor: false });
  }
  return names;
}

/** Finds the flag for an option name. Throws `usage` if the command has no such flag. */
export function spellingOf(
  { name: command, options }: Pick<Command, 'name' | 'options'>,
  name: string,
  where: string,
): Spelling {
  const spellings = spellingsOf(options);
  const known = spellings.get(name);
  if (known) return known;
  const closest = closestName(name, [...spellings.keys()]);
  const hint = closest ? ` (did you mean ${closest}?)` : '';
  throw new EspalierError('usage', `${command} has no option ${flagOf(name)}${hint}`, { where });
}

/** The flag for an option name: `learningRate` → `--learning-rate`. */
const flagOf = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * The raw value that commander would return for an option; undefined for a switch that is absent. Throws `usage` for an
 * invalid value.
 */
export function rawValue({ word, flag, typedFor }: Spelling, value: OptionValue, where: string): RawValue {
  if (typedFor === null) {
    if (typeof value === 'boolean')
      throw new EspalierError('usage', `expected a value for ${word}, found ${value}`, { where });
    if (flag.repeats) return [value].flat().map(String);
    return [value].flat().join(',');
  }
  const chosen = { true: true, false: false }[String(value)];
  if (chosen === undefined)
    throw new EspalierError('usage', `expected true or false, found ${JSON.stringify(value)}`, { where });
  return chosen === typedFor ? !word.startsWith('--no-') : undefined;
}
