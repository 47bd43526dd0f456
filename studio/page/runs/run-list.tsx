import { formatPercent } from 'espalier/core';
import type { RunSummary } from '../../../src/studio/types.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { choose, chosen, runs } from './state.ts';

/** The runs as a table: a name shows one run, check boxes show several side by side. */
export const RunList = () =>
  runs.value.length === 0 ? (
    <p class="quiet">There are no runs in this folder yet.</p>
  ) : (
    <DataTable caption="Runs" columns={columns} rows={runs.value} />
  );

const columns: readonly Column<RunSummary>[] = [
  { head: 'Shown', cell: (run) => <Shown run={run} /> },
  { head: 'Run', cell: (run) => <Name run={run} />, order: ({ id }) => id },
  {
    head: 'State',
    cell: ({ state }) => <span class={`state ${state}`}>{state}</span>,
    order: ({ state }) => state,
  },
  { head: 'Progress', cell: progressOf },
  { head: 'Accuracy', cell: (run) => percent(accuracyOf(run)), order: orderBy(accuracyOf), align: 'right' },
  { head: 'MACs kept', cell: (run) => percent(macsKeptOf(run)), order: orderBy(macsKeptOf), align: 'right' },
];

function Shown({ run: { id } }: { readonly run: RunSummary }) {
  const isChosen = chosen.value.includes(id);
  return (
    <input
      type="checkbox"
      aria-label={`Show ${id}`}
      checked={isChosen}
      onChange={() => choose(id, isChosen ? 'remove' : 'add')}
    />
  );
}

function Name({ run: { id, command, model, data } }: { readonly run: RunSummary }) {
  return (
    <>
      <button type="button" class="link" onClick={() => choose(id, 'alone')}>
        {id}
      </button>
      <small>
        {command} {model}
        {data !== null && ` on ${data}`}
      </small>
    </>
  );
}

function progressOf({ epochs: { done, of }, steps }: RunSummary): string {
  if (steps.length > 0) {
    const finished = steps.filter(({ state }) => state === 'finished').length;
    return `${finished} of ${steps.length} steps`;
  }
  if (done === 0 && of === null) return '–';
  return of === null || done > of ? `epoch ${done}` : `epoch ${done} of ${of}`;
}

/** Of the result, else of the last epoch. */
function accuracyOf({ latest, result }: RunSummary): number | null {
  return result?.after.top1 ?? latest.accuracy;
}

function macsKeptOf({ result, latest }: RunSummary): number | null {
  const [before, after] = [result?.before.macs, result?.after.macs];
  return before && after ? after / before : latest.macsKept;
}

function orderBy(value: (run: RunSummary) => number | null) {
  return (run: RunSummary): number => value(run) ?? Number.NEGATIVE_INFINITY;
}

const percent = (fraction: number | null): string => (fraction === null ? '–' : formatPercent(fraction));
