/** Control characters, marks that turn the direction of text, and line separators: what a terminal would obey. */
const OBEYED = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A text in one line as it may go to a terminal: names from files may hold what a terminal would obey. */
export const printableLine = (text: string): string => text.replace(OBEYED, escaped);

/** {@link printableLine} of a text whose line breaks are its own. JSON stays JSON: there it is an escape of the same meaning. */
export const printableText = (text: string): string =>
  text.replace(OBEYED, (c) => (c === '\n' ? c : escaped(c)));
