import type { SearchOptions } from '../search/search-channels.ts';
import type { PruningJob } from './job.ts';

/** The search of a cut's widths; an interrupted search resumes after the last candidate that the run has recorded. */
export function recordedSearch(
  cut: number,
  { search: candidates, run, onCandidate }: PruningJob,
): SearchOptions | null {
  if (candidates === null) return null;
  const events = run?.readEvents() ?? [];
  const known = new Map(
    events
      .filter((event) => event.type === 'candidate' && event.cut === cut)
      .map(({ number, widths, damage }) => [
        Number(number),
        { widths: widths as number[], damage: Number(damage) },
      ]),
  );
  return {
    candidates,
    known,
    onCandidate({ widths, damage }, number) {
      run?.record({ type: 'candidate', cut, number, widths, damage });
      onCandidate?.(number + 1, candidates, damage);
    },
  };
}
