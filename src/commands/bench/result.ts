import { formatBytes, formatCount, formatMacs, formatMs, formatRatio } from '../../numeric/quantities.ts';
import type { BenchedModel, BenchResult } from '../../report/benchmarked-models.ts';
import { shortSpread } from '../../report/latency.ts';
import { type Column, textTable } from '../../report/text-table.ts';

/** Formats the result as two tables: latency, and size. */
export function benchText({ models, batch, threads, rounds, engine }: BenchResult): string {
  const conditions = `batch ${batch}, ${threads} thread${threads === 1 ? '' : 's'}, ${rounds} rounds, ${engine}`;
  const cold = models[0]?.loadMs === undefined ? [] : coldColumns;
  return [textTable(models, timeColumns), textTable(models, [...weightColumns, ...cold]), conditions].join(
    '\n\n',
  );
}

type Columns = readonly Column<BenchedModel>[];

const name: Columns[number] = { head: 'model', cell: ({ path }) => path };

const timeColumns: Columns = [
  name,
  { head: 'median', cell: ({ medianMs }) => formatMs(medianMs), align: 'right' },
  { head: 'min', cell: ({ minMs }) => formatMs(minMs), align: 'right' },
  { head: 'p90', cell: ({ p90Ms }) => formatMs(p90Ms), align: 'right' },
  { head: 'speed', cell: ({ ratio }) => formatRatio(ratio), align: 'right' },
  { head: 'spread', cell: ({ ratioSpread }) => shortSpread(ratioSpread), align: 'right' },
];

const weightColumns: Columns = [
  name,
  { head: 'file', cell: ({ sizeBytes }) => formatBytes(sizeBytes), align: 'right' },
  {
    head: 'parameters',
    cell: ({ parameters }) => (parameters === null ? '–' : formatCount(parameters)),
    align: 'right',
  },
  { head: 'MACs', cell: ({ macs }) => (macs === null ? '–' : formatMacs(macs)), align: 'right' },
];

const coldColumns: Columns = [
  { head: 'load', cell: ({ loadMs }) => formatMs(loadMs!), align: 'right' },
  { head: 'first run', cell: ({ firstRunMs }) => formatMs(firstRunMs!), align: 'right' },
  { head: 'memory', cell: ({ peakMemoryBytes }) => formatBytes(peakMemoryBytes!), align: 'right' },
];
