import { formatCount, formatPercent, type LayerCost } from 'espalier/core';
import type { Look } from '../../engine/look/look.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { GroupMark } from './group-mark.tsx';
import type { SectionProps } from './network-look.tsx';
import { NodeLink } from './node-link.tsx';

/** The layers of a network, with the reasons for what cannot be pruned. */
export const LayerTable = ({ look }: SectionProps) => (
  <DataTable caption="Layers" columns={columnsOf(look)} rows={look.facts.layers} />
);

function columnsOf({ facts, drawing }: Look): Column<LayerCost>[] {
  const groupOf = new Map(
    facts.groups.flatMap((group, i) => group.members.map((name) => [name, i] as const)),
  );
  const most = Math.max(...facts.layers.map(({ macs }) => macs)) / facts.macs;
  const group = ({ name }: LayerCost) => groupOf.get(name) ?? null;
  const reason = (layer: LayerCost) => facts.groups[group(layer) ?? -1]?.reason ?? layer.note ?? '';
  return [
    {
      head: 'Layer',
      cell: ({ name }) => <NodeLink drawing={drawing} name={name} />,
      order: ({ name }) => name,
    },
    { head: 'Operator', cell: ({ op }) => op, order: ({ op }) => op },
    { head: 'Kernel', cell: ({ kernel }) => kernel.join('×'), order: ({ kernel }) => kernel.join('×') },
    {
      head: 'Channels',
      cell: ({ inChannels, outChannels }) => (outChannels > 0 ? `${inChannels} → ${outChannels}` : ''),
      order: ({ outChannels }) => outChannels,
      align: 'right',
    },
    {
      head: 'Output',
      cell: ({ outputShape }) => outputShape.map((dim) => dim ?? '?').join('×'),
      align: 'right',
    },
    {
      head: 'MACs',
      cell: ({ macs }) => (macs > 0 ? formatCount(macs) : ''),
      order: ({ macs }) => macs,
      align: 'right',
    },
    {
      head: 'Share',
      cell: ({ macs }) => macs > 0 && <Share part={macs / facts.macs} of={most} />,
      order: ({ macs }) => macs,
      align: 'right',
    },
    {
      head: 'Parameters',
      cell: ({ parameters }) => formatCount(parameters),
      order: ({ parameters }) => parameters,
      align: 'right',
    },
    {
      head: 'Channel group',
      cell: (layer) => <GroupMark groups={facts.groups} index={group(layer)} />,
      order: (layer) => -(group(layer) ?? Number.MAX_SAFE_INTEGER),
    },
    { head: 'Kept because', cell: (layer) => <span class="quiet">{reason(layer)}</span>, order: reason },
  ];
}

/** A part in percent, with a bar that is full for the largest part. */
const Share = ({ part, of }: { readonly part: number; readonly of: number }) => (
  <span class="share" style={{ backgroundSize: `${(100 * part) / of}% 100%` }}>
    {formatPercent(part, 1)}
  </span>
);
