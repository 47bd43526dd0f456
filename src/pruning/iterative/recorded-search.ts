import type { SearchOptions } from '../search/search-channels.ts';
import type { PruningJob } from './job.ts';

/** A search of widths for a cut; an interrupted search resumes after its last recorded candidate. */
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
