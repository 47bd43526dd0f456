import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import type { benchmark } from '../measure/latency.ts';
import type { Timings } from './cache.ts';

/** What times models, and under which conditions: all that times depend on beside the models. */
export interface Timer {
  /** Of onnxruntime in Node, or in a browser. */
  readonly benchmark: typeof benchmark;
  /** `node onnxruntime 1.30.0`: the engine, with its version. */
  readonly engine: string;
  readonly threads: number;
  readonly timings: Timings;
  readonly signal?: AbortSignal | undefined;
}

/** A model to be timed. */
export interface Timed {
  /** Models of one key take the same time. */
  readonly key: string;
  readonly macs: number;
  model(): Uint8Array | Promise<Uint8Array>;
}

export interface Ranking {
  /** Of each model, in the order given. */
  readonly ms: readonly number[];
  /** Of what was timed beside them. */
  readonly besideMs: number | null;
  /** The quickest; of those that tie with it, the one with the fewest MACs. */
  readonly best: number;
  /** Whether nothing had to be measured. */
  readonly cached: boolean;
}

/** Models slower than the quickest by no more than this count as equal. */
const TIE = 1.02;
/** Samples of each model in a turn, and turns until the ranking must stand: it is taken as it is then. */
const ROUNDS = 7;
const MOST_TURNS = 5;

/**
 * Ranks models by the shortest of their samples, all taken in turns: whatever else the machine does only adds to a sample.
 * Measures until two turns in a row agree on the best; nothing where all times are known. One more model may be timed
 * beside them.
 */
export async function rank(models: readonly Timed[], timer: Timer, beside?: Timed): Promise<Ranking> {
  const all = beside ? [...models, beside] : models;
  const keys = all.map(({ key }) => keyOf(key, timer));
  const known = keys.map((key) => timer.timings.get(key)).filter((ms) => ms !== undefined);
  const cached = known.length === all.length;
  const times = cached ? known : await measured(models, all, timer);
  if (!cached) {
    for (const [i, key] of keys.entries()) timer.timings.set(key, times[i]!);
    timer.timings.save();
  }
  const ms = times.slice(0, models.length);
  return { ms, besideMs: times[models.length] ?? null, best: bestOf(models, ms), cached };
}

/** The shortest sample of all models, taken until the best of those that are ranked is settled. */
async function measured(ranked: readonly Timed[], all: readonly Timed[], timer: Timer): Promise<number[]> {
  const bytes = await Promise.all(all.map((timed) => timed.model()));
  const ms = new Array<number>(all.length).fill(Number.POSITIVE_INFINITY);
  let best = -1;
  for (let turn = 0, agreed = 0; turn < MOST_TURNS && agreed < 1; turn++) {
    const taken = await timer.benchmark(bytes, {
      threads: timer.threads,
      rounds: ROUNDS,
      warmup: 3,
      ...(timer.signal && { signal: timer.signal }),
    });
    for (const [i, { minMs }] of taken.models.entries()) ms[i] = Math.min(ms[i]!, minMs);
    const now = bestOf(ranked, ms);
    agreed = now === best ? agreed + 1 : 0;
    best = now;
  }
  return ms;
}

/** Of the models, which come first among the times. */
function bestOf(models: readonly Timed[], ms: readonly number[]): number {
  const quickest = Math.min(...ms.slice(0, models.length));
  const tied = [...models.keys()].filter((i) => ms[i]! <= quickest * TIE);
  return tied.reduce((best, i) => (models[i]!.macs < models[best]!.macs ? i : best));
}

/** A digest: of the model's key, the engine, the threads, the processor. */
function keyOf(key: string, { engine, threads }: Timer): string {
  const parts = [key, engine, threads, cpus()[0]?.model, process.arch];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** The key of a model that is timed as it is. */
export const digest = (model: Uint8Array): string => createHash('sha256').update(model).digest('hex');
