import type { Timings } from './timings.ts';

/** Timings that are not stored. */
export function temporaryTimings(): Timings {
  const known = new Map<string, number>();
  return { get: (key) => known.get(key), set: (key, ms) => known.set(key, ms), save: () => {} };
}
