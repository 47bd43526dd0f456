import picomatch from 'picomatch';
import { EspalierError } from '../errors.ts';
import { closestName } from '../suggest.ts';

/**
 * Whether a glob, or the name itself, names something; `*` crosses slashes, as exporters put some into names, and line breaks. Takes the
 * name alone, so that it may be handed to `some` and `filter`: a second argument would be an option of picomatch.
 */
export function nameMatcher(glob: string): (name: string) => boolean {
  const matches = picomatch(glob, { bash: true, dot: true, flags: 's' });
  return (name) => name === glob || matches(name);
}

/** Where globs came from, and what they name. */
export interface GlobUse {
  /** The flag or option that gave them. */
  readonly option: string;
  /** What they name, in the singular: `layer`. */
  readonly what: string;
}

/** Whether any of some globs names something; throws `usage` for a glob that names none, with the names that are near. */
export function matcherOf(
  globs: readonly string[],
  names: readonly string[],
  use: GlobUse,
): (name: string) => boolean {
  const matchers = globs.map((glob) => {
    const matches = nameMatcher(glob);
    if (!names.some(matches)) throw noSuchName(glob, names, use);
    return matches;
  });
  return (name) => matchers.some((matches) => matches(name));
}

/** How many of the names an error lists. */
const SHOWN = 8;

function noSuchName(glob: string, names: readonly string[], { option, what }: GlobUse): EspalierError {
  const distinct = [...new Set(names)].filter((name) => name !== '');
  const near = closestName(glob.replaceAll('*', ''), distinct);
  // Names that share the most parts with the glob come first.
  const parts = glob.toLowerCase().match(/[a-z0-9]{2,}/g) ?? [];
  const shared = (name: string) => parts.filter((part) => name.toLowerCase().includes(part)).length;
  const sorted = distinct.toSorted((a, b) => shared(b) - shared(a));
  const more = sorted.length > SHOWN ? ` and ${sorted.length - SHOWN} more` : '';
  const known =
    sorted.length > 0
      ? `expected one of ${sorted.slice(0, SHOWN).join(', ')}${more}`
      : 'the network has none';
  const hint = near === null ? '' : ` (did you mean ${near}?)`;
  return new EspalierError('usage', `${option}: no ${what} is named ${glob}${hint}, ${known}`);
}
