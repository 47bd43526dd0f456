import type { SearchOptions } from '../../pruning/search/search-channels.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import type { Context } from '../command.ts';

interface Searching {
  readonly run: RunDirectory | null;
  readonly context: Context;
  /** Which cut it is for, from 0. */
  readonly cut: number;
}

/** A search of widths with a progress bar; an interrupted search of the same cut resumes after its last candidate. */
export function openSearch(
  candidates: number | undefined,
  { run, context, cut }: Searching,
): SearchOptions | null {
  if (candidates === undefined) return null;
  const bar = context.progress('searching', candidates, 'candidates');
  const known = new Map(
    (run?.readEvents() ?? []).flatMap((event) => {
      if (event.type !== 'candidate' || event.cut !== cut) return [];
      return [
        [Number(event.number), { widths: event.widths as number[], damage: Number(event.damage) }] as const,
      ];
    }),
  );
  const onCandidate: SearchOptions['onCandidate'] = ({ widths, damage }, number) => {
    run?.record({ type: 'candidate', cut, number, widths, damage });
    bar.to(number + 1, damage.toFixed(3));
    if (number + 1 === candidates) bar.done();
  };
  return { candidates, known, onCandidate };
}
