import type { Recipe } from '../training/run-directory.ts';

/**
 * The command line that repeats a run: `espalier train resnet20 --data cifar10 …`. Options with default values are omitted.
 * `model` may be a list.
 */
export function commandLine(
  { command, options }: Pick<Recipe, 'command' | 'options'>,
  defaults: Recipe['options'] = {},
): string {
  const { model, ...flags } = options;
  const words = ['espalier', ...command.split(' '), ...[model ?? []].flat().map(quoted)];
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || value === null) continue;
    if (JSON.stringify(value) === JSON.stringify(defaults[name])) continue;
    const word = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (value !== false) words.push(`--${word}`);
    else if (defaults[name] === true) words.push(`--no-${word}`);
    if (typeof value !== 'boolean') words.push(quoted(Array.isArray(value) ? value.join(',') : value));
  }
  return words.join(' ');
}

/** A word of a command line, quoted if a shell requires it. */
export function quoted(value: unknown): string {
  const text = String(value);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
