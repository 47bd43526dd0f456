import type { GroupFacts } from 'espalier/core';
import type { Look } from '../../engine/look/look.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { GroupMark } from './group-mark.tsx';
import type { SectionProps } from './network-look.tsx';
import { NodeLink } from './node-link.tsx';

/** Layers whose channels can only be removed together, and why some cannot be removed. */
export const GroupTable = ({ look }: SectionProps) => (
  <>
    <p class="lead">
      A channel can only be removed together with the channels it is added to, concatenated with or multiplied
      by. Layers that share such channels are one group.
    </p>
    <DataTable caption="Channel groups" columns={columnsOf(look)} rows={look.facts.groups} />
  </>
);

/** Members that are listed before the rest is only counted. */
const MOST_MEMBERS = 6;

function columnsOf({ facts: { groups }, drawing }: Look): Column<GroupFacts>[] {
  const index = new Map(groups.map((group, i) => [group, i]));
  return [
    {
      head: 'Group',
      cell: (group) => <GroupMark groups={groups} index={index.get(group)!} />,
      order: (group) => -index.get(group)!,
    },
    { head: 'Channels', cell: ({ channels }) => channels, order: ({ channels }) => channels, align: 'right' },
    {
      head: 'Layers',
      cell: ({ members }) => <Members drawing={drawing} members={members} />,
      order: ({ members }) => members.length,
    },
    { head: 'Prunable', cell: ({ prunable, reason }) => (prunable ? (reason ? 'in part' : 'yes') : 'no') },
    {
      head: 'Kept because',
      cell: ({ reason }) => <span class="quiet">{reason}</span>,
      order: ({ reason }) => reason ?? '',
    },
  ];
}

const Members = ({ drawing, members }: Pick<Look, 'drawing'> & Pick<GroupFacts, 'members'>) => (
  <span class="members">
    {members.slice(0, MOST_MEMBERS).map((name) => (
      <NodeLink key={name} drawing={drawing} name={name} />
    ))}
    {members.length > MOST_MEMBERS && <span class="quiet">and {members.length - MOST_MEMBERS} more</span>}
  </span>
);
