import picomatch from 'picomatch';
import { EspalierError } from '../errors.ts';
import { closestName } from '../suggest.ts';

/**
 * Returns a test whether a glob matches a name, or equals it; `*` also matches slashes, which exporters put into names, and
 * line breaks. The test has a single parameter, so that it can be passed to `some` and `filter`: picomatch would use a second
 * one as an option.
 */
export function nameMatcher(glob: string): (name: string) => boolean {
  const matches = picomatch(glob, { bash: true, dot: true, flags: 's' });
  return (name) => name === glob || matches(name);
}

/** The source of globs, and what they are matched with. */
export interface GlobUse {
  /** The flag or option that contained them. */
  readonly option: string;
  /** The singular of what they match: `layer`. */
  readonly what: string;
}

/**
 * Returns a test whether any glob matches a name. Throws `usage` for a glob that matches no known name, listing similar
 * names.
 */
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

/** Number of names that an error lists. */
const SHOWN_NAMES = 8;

function noSuchName(glob: string, names: readonly string[], { option, what }: GlobUse): EspalierError {
  const distinct = [...new Set(names)].filter((name) => name !== '');
  const near = closestName(glob.replaceAll('*', ''), distinct);
  // Names that share the most parts with the glob come first.
  const parts = glob.toLowerCase().match(/[a-z0-9]{2,}/g) ?? [];
  const shared = (name: string) => parts.filter((part) => name.toLowerCase().includes(part)).length;
  const sorted = distinct.toSorted((a, b) => shared(b) - shared(a));
  const more = sorted.length > SHOWN_NAMES ? ` and ${sorted.length - SHOWN_NAMES} more` : '';
  const known =
    sorted.length > 0
      ? `expected one of ${sorted.slice(0, SHOWN_NAMES).join(', ')}${more}`
      : 'the network has none';
  const hint = near === null ? '' : ` (did you mean ${near}?)`;
  return new EspalierError('usage', `${option}: no ${what} is named ${glob}${hint}, ${known}`);
}
