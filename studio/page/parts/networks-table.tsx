import {
  formatBytes,
  formatCount,
  formatMacs,
  formatMs,
  formatPercent,
  type NetworkMeasures,
} from 'espalier/core';
import { type Column, DataTable } from './data-table.tsx';

/** A network with what was measured of it. */
export interface MeasuredNetwork {
  readonly name: string;
  readonly measures: NetworkMeasures;
}

/** Networks side by side: accuracy, costs and latency; a value that none of them has is left out. */
export function NetworksTable({ caption, networks }: NetworksTableProps) {
  const known = measures.filter(({ of }) => networks.some((network) => typeof of(network) === 'number'));
  const columns = known.map(
    ({ head, of, format }): Column<MeasuredNetwork> => ({
      head,
      cell: (network) => textOf(of(network), format),
      order: (network) => of(network) ?? Number.NEGATIVE_INFINITY,
      align: 'right',
    }),
  );
  const name: Column<MeasuredNetwork> = { head: 'Network', cell: (network) => network.name };
  return <DataTable caption={caption} columns={[name, ...columns]} rows={networks} />;
}

interface NetworksTableProps {
  readonly caption: string;
  readonly networks: readonly MeasuredNetwork[];
}

interface Measure {
  readonly head: string;
  readonly of: (network: MeasuredNetwork) => number | null | undefined;
  readonly format: (value: number) => string;
}

const measures: readonly Measure[] = [
  { head: 'Accuracy', of: ({ measures }) => measures.top1, format: formatPercent },
  { head: 'Output error', of: ({ measures }) => measures.outputError, format: formatPercent },
  { head: 'MACs', of: ({ measures }) => measures.macs, format: formatMacs },
  { head: 'Parameters', of: ({ measures }) => measures.parameters, format: formatCount },
  { head: 'File', of: ({ measures }) => measures.bytes, format: formatBytes },
  { head: 'Latency', of: ({ measures: m }) => m.latencyMs ?? m.latencyMinMs, format: formatMs },
];

const textOf = (value: number | null | undefined, format: (value: number) => string): string =>
  typeof value === 'number' ? format(value) : '–';
