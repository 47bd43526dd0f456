import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { cacheFolder } from '../data/cache.ts';
import { readBytes, writeFileAtomically } from '../files.ts';

/** Milliseconds by what was timed. */
export interface Timings {
  get(key: string): number | undefined;
  set(key: string, ms: number): void;
  /** Writes what was set since the last time. */
  save(): void;
}

const contents = v.record(v.string(), v.pipe(v.number(), v.finite(), v.gtValue(0)));

/** Timings that are forgotten with the process. */
export function temporaryTimings(): Timings {
  const known = new Map<string, number>();
  return { get: (key) => known.get(key), set: (key, ms) => known.set(key, ms), save: () => {} };
}

/**
 * The timings of this user on this processor, in CACHE/espalier/timings/timings.json. A file that cannot be read, or holds anything else, counts
 * as empty; what other processes wrote meanwhile stays.
 */
export function openTimings(folder = cacheFolder('timings')): Timings {
  const path = join(folder, 'timings.json');
  const known = new Map(Object.entries(readTimings(path)));
  const fresh = new Map<string, number>();
  return {
    get: (key) => fresh.get(here(key)) ?? known.get(here(key)),
    set: (key, ms) => fresh.set(here(key), ms),
    save() {
      if (fresh.size === 0) return;
      const merged = { ...readTimings(path), ...Object.fromEntries(fresh) };
      writeFileAtomically(path, [`${JSON.stringify(merged, null, 1)}\n`]);
      for (const [key, ms] of fresh) known.set(key, ms);
      fresh.clear();
    },
  };
}

/** A digest of a key and of the processor, which may change where the folder stays. */
function here(key: string): string {
  const parts = [key, cpus()[0]?.model, process.arch];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function readTimings(path: string): Record<string, number> {
  try {
    const parsed = v.safeParse(contents, JSON.parse(readBytes(path).toString('utf8')));
    return parsed.success ? parsed.output : {};
  } catch {
    return {};
  }
}
