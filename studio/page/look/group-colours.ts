import type { GroupFacts } from 'espalier/core';

/** Number of colours for groups, `--group-0` and so on; they repeat. */
const COLOURS = 8;

/** The custom property with the colour of a channel group: only groups of several layers have one of their own. */
export const colourOf = ({ members }: GroupFacts, index: number): string =>
  members.length > 1 ? `--group-${index % COLOURS}` : '--group-single';
