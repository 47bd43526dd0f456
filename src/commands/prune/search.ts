import type { SearchOptions } from '../../pruning/search/search-channels.ts';
import type { Context } from '../command.ts';
import type { PruneJob } from './job.ts';

interface Searching {
  readonly job: PruneJob;
  readonly context: Context;
  /** Which cut it is for, from 0. */
  readonly index: number;
}

/** A search of widths, on a bar; what an interrupted one of the same cut tried is not tried again. */
export function openSearch({
  job: { settings, run },
  context,
  index,
}: Searching): { readonly search: SearchOptions; done(): void } | null {
  const { search: candidates } = settings;
  if (candidates === undefined) return null;
  const bar = context.progress('searching', candidates, 'candidates');
  const known = new Map(
    (run?.readEvents() ?? []).flatMap((event) => {
      if (event.type !== 'candidate' || event.cut !== index) return [];
      return [
        [Number(event.number), { widths: event.widths as number[], damage: Number(event.damage) }] as const,
      ];
    }),
  );
  const onCandidate: SearchOptions['onCandidate'] = ({ widths, damage }, number) => {
    run?.record({ type: 'candidate', cut: index, number, widths, damage });
    bar.to(number + 1, damage.toFixed(3));
  };
  return { search: { candidates, known, onCandidate }, done: () => bar.done() };
}
