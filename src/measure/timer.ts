import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { type InputFeeds, inputFeedsOf } from '../graph/inputs/input-feeds.ts';
import { toHex } from '../numeric/hex.ts';
import { median } from '../numeric/statistics.ts';
import { zip } from '../numeric/zip.ts';
import { serializeModel } from '../onnx/index.ts';
import { withFixedShapes } from './bind-shapes.ts';
import type { Benchmark, BenchmarkOptions } from './latency.ts';
import { type CostOptions, costs } from './macs.ts';
import type { Timings } from './timings.ts';

/** An engine that times models, and all conditions that times depend on besides the models. */
export interface Timer {
  /** Benchmarks models in onnxruntime in Node, or in a browser. */
  benchmark(models: readonly Uint8Array[], options?: BenchmarkOptions): Promise<Benchmark>;
  /** Engine and version, such as `node onnxruntime 1.30.0`. */
  readonly engine: string;
  readonly threads: number;
  readonly timings: Timings;
  readonly signal?: AbortSignal | undefined;
}

/** The given timer. Throws `usage` if there is none. */
export function requiredTimer(timer: Timer | undefined, need: string): Timer {
  if (timer) return timer;
  throw new EspalierError('usage', `${need}: expected a timer, found none`);
}

/** A model to be timed. */
export interface TimedModel {
  /** Models with equal keys take the same time. */
  readonly key: string;
  readonly macs: number;
  /** Predicted milliseconds, up to a shared constant: used if times do not settle. Default: the shortest samples decide. */
  readonly expectedMs?: number;
  model(): Uint8Array | Promise<Uint8Array>;
  /** Contents of its inputs; default: random. */
  readonly inputs?: InputFeeds;
}

/** Models ranked by latency. */
export interface TimedRanking {
  /** Milliseconds of each model, in the given order. */
  readonly ms: readonly number[];
  /** Milliseconds of the additional model; null if there was none. */
  readonly besideMs: number | null;
  /** The index of the fastest model; among ties, the one with the fewest MACs. */
  readonly best: number;
  /** Whether another pass no longer changed the times; false if the machine was too busy. */
  readonly settled: boolean;
  /** Whether all times came from the cache. */
  readonly cached: boolean;
}

/** Models that are slower than the fastest by at most this factor count as ties. */
const TIE = 1.02;
/**
 * Minimal duration of a sample in milliseconds: short samples can fall between interruptions by other processes, and the
 * shortest sample counts.
 */
export const SAMPLE_MS = 1;
/** Samples of each model in a pass; fewer for slow models. */
const ROUNDS = { most: 20, least: 4 };
/** Largest total duration of a model's samples in a pass, in milliseconds on a slow machine. */
const TURN_MS = 100;
const MACS_PER_MS = 2e7;
/** Times have settled once another pass shortens none of them to less than this fraction. */
const SETTLED = 0.97;
/** Largest number of passes. */
const MOST_TURNS = 6;

/**
 * Ranks models by their shortest samples, taken in alternation: other load on the machine can only lengthen a sample.
 * Measures until another pass changes neither the best model nor any time by much; if that does not happen, `expectedMs`
 * decides and the times are not cached. Cached times are reused; if all are known, nothing is measured. One more model may be
 * timed in addition.
 *
 * @example
 * const timer = { benchmark, engine: 'node onnxruntime', threads: 1, timings: openTimings() };
 * const models = [network, changed].map((graph, i) => ({
 *   key: `graph ${i}`,
 *   macs: costs(graph).macs,
 *   model: () => serializeModel(graph),
 * }));
 * const { best, ms } = await rank(models, timer);
 */
export async function rank(
  models: readonly TimedModel[],
  timer: Timer,
  beside?: TimedModel,
): Promise<TimedRanking> {
  const all = beside ? [...models, beside] : models;
  const keys = all.map(({ key }) => keyOf(key, timer));
  const known = keys.map((key) => timer.timings.get(key));
  const cached = known.every((ms) => ms !== undefined);
  const { times, settled } = cached
    ? { times: known, settled: true }
    : await completed(known, { ranked: models, all }, timer);
  if (!cached && settled) {
    for (const [key, before, ms] of zip(keys, known, times))
      if (before === undefined) timer.timings.set(key, ms);
    timer.timings.save();
  }
  const ms = times.slice(0, models.length);
  const decisive = settled ? ms : zip(models, ms).map(([{ expectedMs }, own]) => expectedMs ?? own);
  const best = bestOf(models, decisive);
  return { ms, besideMs: times[models.length] ?? null, best, settled, cached };
}

/** The models to rank, and all models to time, the ranked ones first. */
interface Field {
  readonly ranked: readonly TimedModel[];
  readonly all: readonly TimedModel[];
}

/**
 * Reuses cached times, so that the same network gets the same choice; new times are rescaled by re-timing cached models
 * beside them.
 */
async function completed(known: readonly (number | undefined)[], field: Field, timer: Timer) {
  const { times, settled } = await measured(field, timer);
  const scales = zip(known, times).flatMap(([before, ms]) => (before === undefined ? [] : [before / ms]));
  const scale = scales.length > 0 ? median(scales) : 1;
  return { times: times.map((ms, i) => known[i] ?? ms * scale), settled };
}

/** The shortest samples of all models, taken until they and the best ranked model settle. */
async function measured({ ranked, all }: Field, timer: Timer) {
  const bytes = await Promise.all(all.map((timed) => timed.model()));
  const slowest = Math.max(...ranked.map(({ macs }) => macs)) / MACS_PER_MS;
  const rounds = Math.round(Math.min(ROUNDS.most, Math.max(ROUNDS.least, TURN_MS / slowest)));
  let times = new Array<number>(all.length).fill(Number.POSITIVE_INFINITY);
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const { models } = await timer.benchmark(bytes, {
      threads: timer.threads,
      rounds,
      sampleMs: SAMPLE_MS,
      warmup: 3,
      inputs: Object.assign({}, ...all.map(({ inputs }) => inputs)),
      ...(timer.signal && { signal: timer.signal }),
    });
    const before = times;
    times = zip(before, models).map(([ms, { minMs }]) => Math.min(ms, minMs));
    const same = zip(times, before).every(([ms, shortest]) => ms >= shortest * SETTLED);
    if (same && bestOf(ranked, times) === bestOf(ranked, before)) return { times, settled: true };
  }
  return { times, settled: false };
}

/** The index of the best of the ranked models, which come first among the times. */
function bestOf(models: readonly TimedModel[], ms: readonly number[]): number {
  const own = ms.slice(0, models.length);
  const quickest = Math.min(...own);
  const timed = zip(models, own).map(([{ macs }, time], index) => ({ index, macs, time }));
  const tied = timed.filter(({ time }) => time <= quickest * TIE);
  return tied.reduce((best, one) => (one.macs < best.macs ? one : best)).index;
}

/** The cache key of a time: everything it depends on, except the machine. */
const keyOf = (key: string, { engine, threads }: Timer): string => JSON.stringify([key, engine, threads]);

/** A network to be timed unchanged; `size` is needed if the network leaves its own open. */
export async function timedGraph(graph: Graph, { size }: CostOptions = {}): Promise<TimedModel> {
  const bytes = modelAt(graph, size);
  return {
    key: await digest(bytes),
    macs: costs(graph, { size }).macs,
    model: () => bytes,
    inputs: inputFeedsOf(graph),
  };
}

/** The model file of a network to be timed; `size` is needed if the network leaves its own open. */
export const modelAt = (graph: Graph, size: CostOptions['size']): Uint8Array<ArrayBuffer> =>
  serializeModel(
    size === undefined && !graph.inputs.some(({ feed }) => feed)
      ? graph
      : withFixedShapes(graph, { size, batch: 1 }),
  );

/** The key of a model that is timed unchanged: its SHA-256. */
export async function digest(model: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', model)));
}
