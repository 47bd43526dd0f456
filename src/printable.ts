/** Characters that a terminal would interpret: control characters, bidirectional marks, and line separators. */
const OBEYED = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Escapes a text for printing on one line: names from files may contain characters that a terminal would interpret. */
export const printableLine = (text: string): string => text.replace(OBEYED, escaped);

/** {@link printableLine} for a text with intended line breaks. JSON remains valid and keeps its meaning. */
export const printableText = (text: string): string =>
  text.replace(OBEYED, (c) => (c === '\n' ? c : escaped(c)));
