import { type Signal, useSignal } from '@preact/signals';
import { formatCount, formatMacs, type MiddleForm } from 'espalier/core';
import type { ResidualBlock } from '../../engine/transform/residuals.ts';
import { runJob } from '../jobs.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { runStep } from '../session.ts';

/** Residual connections: what removing each costs, and the buttons that remove one or all. */
export function ResidualPart({ version }: { readonly version: number }) {
  const counted = useSignal<Counted | null>(null);
  const middle = useSignal<MiddleForm>('widen');
  const count = async () => {
    const form = middle.value;
    const blocks = await runJob('Counting costs', (api, job, report) =>
      api.residualBlocks(form, job, report),
    );
    if (blocks) counted.value = { version, middle: form, blocks };
  };
  const remove = (only: string | null) =>
    runStep('Removing residual connections', (api, job, report) =>
      api.removeResiduals({ only, middle: middle.value }, job, report),
    );
  const isCurrent = counted.value?.version === version && counted.value.middle === middle.value;
  const blocks = isCurrent ? counted.value!.blocks : null;
  const removable = blocks?.filter((block) => block.added) ?? [];
  return (
    <section class="part" aria-labelledby="residual-title">
      <div class="row">
        <h2 id="residual-title">Residual connections</h2>
        <MiddleField middle={middle} />
        <button type="button" onClick={count}>
          {blocks ? 'Count costs again' : 'Count costs'}
        </button>
        <button type="button" disabled={removable.length === 0} onClick={() => remove(null)}>
          Remove all
        </button>
      </div>
      <p class="lead">
        Without its residual connections, every layer of a network can be pruned on its own. Until it is
        pruned, the plain network costs more: these are the MACs and parameters that each removal adds.
      </p>
      {blocks?.length === 0 && <p>This version has no residual connections.</p>}
      {blocks && blocks.length > 0 && (
        <DataTable caption="What each removal adds" columns={columnsOf(remove)} rows={blocks} />
      )}
    </section>
  );
}

/** Costs, and what they hold for. */
interface Counted {
  readonly version: number;
  readonly middle: MiddleForm;
  readonly blocks: readonly ResidualBlock[];
}

/** How carried channels pass the convolutions in the middle of a block. */
const middles: Readonly<Record<MiddleForm, string>> = {
  widen: 'through additional filters',
  concat: 'beside its convolutions',
};

const MiddleField = ({ middle }: { readonly middle: Signal<MiddleForm> }) => (
  <label>
    Copied channels pass a block{' '}
    <select
      value={middle.value}
      onChange={({ currentTarget }) => {
        middle.value = currentTarget.value as MiddleForm;
      }}
    >
      {Object.entries(middles).map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
  </label>
);

const columnsOf = (remove: (only: string) => void): Column<ResidualBlock>[] => [
  { head: 'Add', cell: ({ add }) => add, order: ({ add }) => add },
  { head: 'From', cell: ({ from }) => from },
  { head: 'Kind', cell: ({ kind }) => kind, order: ({ kind }) => kind },
  {
    head: 'MACs added',
    cell: ({ added }) => added && signed(added.macs, formatMacs),
    order: ({ added }) => added?.macs ?? 0,
    align: 'right',
  },
  {
    head: 'Parameters added',
    cell: ({ added }) => added && signed(added.parameters, formatCount),
    order: ({ added }) => added?.parameters ?? 0,
    align: 'right',
  },
  {
    head: 'Removal',
    cell: ({ add, added, reason }) =>
      added ? (
        <button type="button" aria-label={`Remove ${add}`} onClick={() => remove(add)}>
          Remove
        </button>
      ) : (
        <span class="quiet">stays: {reason}</span>
      ),
  },
];

const signed = (value: number, format: (value: number) => string): string =>
  `${value < 0 ? '−' : '+'}${format(Math.abs(value))}`;
