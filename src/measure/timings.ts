import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { cacheFolder } from '../data/cache.ts';
import { readBytes, writeFileAtomically } from '../files.ts';

/** A cache of measured milliseconds, by key. */
export interface Timings {
  get(key: string): number | undefined;
  set(key: string, ms: number): void;
  /** Writes the entries that were set since the last call. */
  save(): void;
}

const contents = v.record(v.string(), v.pipe(v.number(), v.finite(), v.gtValue(0)));

/**
 * The timings of this user and processor, stored in CACHE/espalier/timings/timings.json. An unreadable or invalid file counts
 * as empty; entries that other processes wrote in the meantime are kept.
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

/** A digest of a key and the processor, since the cache folder may be used on several machines. */
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
