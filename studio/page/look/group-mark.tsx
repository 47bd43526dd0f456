import type { GroupFacts } from 'espalier/core';
import { colourOf } from './group-colours.ts';

/** The number of a channel group with its colour. */
export function GroupMark({
  groups,
  index,
}: {
  readonly groups: readonly GroupFacts[];
  readonly index: number | null;
}) {
  const group = index === null ? undefined : groups[index];
  if (!group) return null;
  return (
    <span class="group-mark">
      <span class="swatch" style={{ background: `var(${colourOf(group, index!)})` }} /> {index! + 1}
      {group.members.length > 1 && <span class="quiet"> · {group.members.length} layers</span>}
    </span>
  );
}
