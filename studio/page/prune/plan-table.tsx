import { formatCount, formatMacs, type UnitOutcome } from 'espalier/core';
import type { PruneChoice } from '../../engine/prune/choice.ts';
import type { Plan, PlannedLayer } from '../../engine/prune/plan.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { exclude } from './state.ts';

/** Properties of {@link PlanTable}. */
interface PlanTableProps {
  readonly plan: Plan;
  readonly chosen: PruneChoice;
}

/** A layer with its width before and after. */
interface Row extends PlannedLayer {
  readonly channels: number;
  readonly kept: number;
  readonly reason: string;
}

/** Widths and MACs of every layer before and after; a click keeps a layer as it is. */
export function PlanTable({ plan, chosen }: PlanTableProps) {
  const unitsOf = new Map<string, UnitOutcome[]>();
  for (const unit of plan.units)
    for (const layer of unit.layers) unitsOf.set(layer, [...(unitsOf.get(layer) ?? []), unit]);
  const sum = (units: readonly UnitOutcome[], key: 'channels' | 'kept') =>
    units.reduce((all, unit) => all + unit[key], 0);
  const rows = plan.layers.map((layer): Row => {
    const units = unitsOf.get(layer.name) ?? [];
    const reason = units.find((unit) => unit.reason !== undefined)?.reason ?? '';
    return { ...layer, channels: sum(units, 'channels'), kept: sum(units, 'kept'), reason };
  });
  return <DataTable caption="Layers as planned" columns={columnsOf(chosen, largestOf(rows))} rows={rows} />;
}

const largestOf = (rows: readonly Row[]): number => Math.max(1, ...rows.map(({ before }) => before));

const columnsOf = ({ exclude: excluded, granularity }: PruneChoice, largest: number): Column<Row>[] => [
  {
    head: 'Prune',
    cell: ({ name }) => (
      <input
        type="checkbox"
        aria-label={`Prune ${name}`}
        checked={!excluded.includes(name)}
        onChange={({ currentTarget }) => exclude(name, !currentTarget.checked)}
      />
    ),
  },
  { head: 'Layer', cell: ({ name }) => name, order: ({ name }) => name },
  {
    head: granularity === 'filter' || granularity === 'channel' ? 'Width' : 'Pieces',
    cell: ({ channels, kept }) =>
      channels > 0 && (
        <>
          {formatCount(channels)} → <strong>{formatCount(kept)}</strong>
        </>
      ),
    order: ({ channels, kept }) => (channels > 0 ? kept / channels : 1),
    align: 'right',
  },
  {
    head: 'MACs before and after',
    cell: ({ before, after }) => <Bar before={before / largest} after={after / largest} />,
    order: ({ before }) => before,
  },
  { head: 'MACs after', cell: ({ after }) => formatMacs(after), order: ({ after }) => after, align: 'right' },
  {
    head: 'Kept because',
    cell: ({ reason }) => <span class="quiet">{reason}</span>,
    order: ({ reason }) => reason,
  },
];

/** The MACs before as a pale bar, after as a solid one, both as parts of the largest. */
const Bar = ({ before, after }: { readonly before: number; readonly after: number }) => (
  <span class="bar" style={{ '--before': before, '--after': after }} />
);
