import type { Residual } from 'espalier/core';
import { type Column, DataTable } from '../parts/data-table.tsx';
import type { SectionProps } from './network-look.tsx';
import { NodeLink } from './node-link.tsx';

/** The residual connections of a network: y = f(x) + s(x). */
export function ResidualTable({ look: { facts, drawing } }: SectionProps) {
  if (facts.residuals.length === 0) return <p class="lead">The network has no residual connections.</p>;
  const columns: readonly Column<Residual>[] = [
    { head: 'Add', cell: ({ add }) => <NodeLink drawing={drawing} name={add} />, order: ({ add }) => add },
    { head: 'From', cell: ({ from }) => from, order: ({ from }) => from },
    { head: 'Shortcut', cell: ({ kind }) => kind, order: ({ kind }) => kind },
  ];
  return (
    <>
      <p class="lead">
        An Add of two branches of one value. The channels of all its branches are one group; removing the
        connection (Transform) unties them.
      </p>
      <DataTable caption="Residual connections" columns={columns} rows={facts.residuals} />
    </>
  );
}
