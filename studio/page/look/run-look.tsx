import { lazy } from 'preact/compat';
import type { RunContents } from '../../engine/open/run.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Fact } from '../parts/fact.tsx';

/** Loaded for runs only, with the library that draws charts. */
const RecordView = lazy(async () => (await import('../runs/record-view.tsx')).RecordView);

/** The record of a run: its result, its epochs, its shapes and its options. */
export function RunLook({ record, models }: RunContents) {
  const { recipe, epochs } = record;
  return (
    <>
      <dl class="facts">
        <Fact name="Command" value={`espalier ${recipe.command}`} note={recipe.started} />
        <Fact name="Epochs" value={epochs.length} />
        <Fact name="Networks" value={models.length} note={models.join(', ')} />
      </dl>
      <div class="part">
        <RecordView record={record} />
      </div>
      <section class="part">
        <h2>Options</h2>
        <DataTable caption="Options" columns={optionColumns} rows={Object.entries(recipe.options ?? {})} />
      </section>
    </>
  );
}

const optionColumns: readonly Column<readonly [string, unknown]>[] = [
  { head: 'Option', cell: ([name]) => <code>{name}</code> },
  {
    head: 'Value',
    cell: ([, value]) => <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>,
  },
];
