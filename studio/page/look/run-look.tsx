import {
  formatBytes,
  formatCount,
  formatMacs,
  formatMs,
  formatPercent,
  type NetworkMeasures,
  type RunRecord,
} from 'espalier/core';
import type { RunContents } from '../../engine/open/run.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Fact } from '../parts/fact.tsx';

/** The record of a run: its options, its result and its epochs. */
export function RunLook({ record, models }: RunContents) {
  const { recipe, result, epochs } = record;
  return (
    <>
      <dl class="facts">
        <Fact name="Command" value={`espalier ${recipe.command}`} note={recipe.started} />
        <Fact name="Epochs" value={epochs.length} />
        <Fact name="Networks" value={models.length} note={models.join(', ')} />
      </dl>
      {result && (
        <section class="part">
          <h2>Result</h2>
          <DataTable caption="Result" columns={resultColumns} rows={networksOf(result)} />
        </section>
      )}
      {epochs.length > 0 && (
        <section class="part">
          <h2>Epochs</h2>
          <DataTable caption="Epochs" columns={epochColumns} rows={epochs} />
        </section>
      )}
      <section class="part">
        <h2>Options</h2>
        <DataTable caption="Options" columns={optionColumns} rows={Object.entries(recipe.options ?? {})} />
      </section>
    </>
  );
}

type NamedMeasures = readonly [name: string, measures: NetworkMeasures];

const networksOf = (result: NonNullable<RunRecord['result']>): NamedMeasures[] =>
  Object.entries(result).flatMap(([name, measures]) =>
    measures && typeof measures === 'object' && 'macs' in measures
      ? [[name, measures as NetworkMeasures]]
      : [],
  );

/** The text of a number; '' if it is not known. */
const known = (value: number | null | undefined, format: (value: number) => string): string =>
  value == null ? '' : format(value);

const resultColumns: readonly Column<NamedMeasures>[] = [
  { head: 'Network', cell: ([name]) => name },
  { head: 'Accuracy', cell: ([, { top1 }]) => known(top1, formatPercent), align: 'right' },
  { head: 'MACs', cell: ([, { macs }]) => known(macs, formatMacs), align: 'right' },
  { head: 'Parameters', cell: ([, { parameters }]) => known(parameters, formatCount), align: 'right' },
  { head: 'File', cell: ([, { bytes }]) => known(bytes, formatBytes), align: 'right' },
  { head: 'Latency', cell: ([, { latencyMs }]) => known(latencyMs, formatMs), align: 'right' },
];

const epochColumns: readonly Column<RunRecord['epochs'][number]>[] = [
  { head: 'Epoch', cell: ({ epoch }) => epoch, align: 'right' },
  { head: 'Loss', cell: ({ loss }) => loss.toFixed(4), align: 'right' },
  {
    head: 'Training accuracy',
    cell: ({ trainAccuracy }) => known(trainAccuracy, formatPercent),
    align: 'right',
  },
  { head: 'Test accuracy', cell: ({ testAccuracy }) => known(testAccuracy, formatPercent), align: 'right' },
  { head: 'MACs kept', cell: ({ macsKept }) => known(macsKept, formatPercent), align: 'right' },
];

const optionColumns: readonly Column<readonly [string, unknown]>[] = [
  { head: 'Option', cell: ([name]) => <code>{name}</code> },
  {
    head: 'Value',
    cell: ([, value]) => <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>,
  },
];
