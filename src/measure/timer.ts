import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { type InputFeeds, inputFeedsOf } from '../graph/inputs/input-feeds.ts';
import { toHex } from '../numeric/hex.ts';
import { median } from '../numeric/statistics.ts';
import { serializeModel } from '../onnx/index.ts';
import { withFixedShapes } from './bind-shapes.ts';
import type { Benchmark, BenchmarkOptions } from './latency.ts';
import { type CostOptions, costs } from './macs.ts';
import type { Timings } from './timings.ts';

/** What times models, and under which conditions: all that times depend on beside the models. */
export interface Timer {
  /** Of onnxruntime in Node, or in a browser. */
  benchmark(models: readonly (string | Uint8Array)[], options?: BenchmarkOptions): Promise<Benchmark>;
  /** `node onnxruntime 1.30.0`: the engine, with its version. */
  readonly engine: string;
  readonly threads: number;
  readonly timings: Timings;
  readonly signal?: AbortSignal | undefined;
}

/** The timer that something needs; throws `usage` where there is none. */
export function requiredTimer(timer: Timer | undefined, need: string): Timer {
  if (timer) return timer;
  throw new EspalierError('usage', `${need}: expected a timer, found none`);
}

/** A model to be timed. */
export interface TimedModel {
  /** Models of one key take the same time. */
  readonly key: string;
  readonly macs: number;
  /** What it may take, up to what is the same for all: decides where times do not settle. Default: the shortest samples do. */
  readonly expectedMs?: number;
  model(): Uint8Array | Promise<Uint8Array>;
  /** What it is fed with; default: random contents. */
  readonly inputs?: InputFeeds;
}

/** Models ranked by latency. */
export interface TimedRanking {
  /** Of each model, in the order given. */
  readonly ms: readonly number[];
  /** Of what was timed beside them. */
  readonly besideMs: number | null;
  /** The quickest; of those that tie with it, the one with the fewest MACs. */
  readonly best: number;
  /** Whether another turn no longer changed the times; else the machine was too busy to tell. */
  readonly settled: boolean;
  /** Whether nothing had to be measured. */
  readonly cached: boolean;
}

/** Models slower than the quickest by no more than this count as equal. */
const TIE = 1.02;
/** A sample takes as long: short ones slip between what else the machine does, and the shortest counts. */
export const SAMPLE_MS = 1;
/** Samples of each model in a turn: fewer where each takes long. */
const ROUNDS = { most: 20, least: 4 };
/** What all samples of a model in a turn may take, at the speed of a slow machine. */
const TURN_MS = 100;
const MACS_PER_MS = 2e7;
/** Times count as settled when another turn shortens none of them by more than this. */
const SETTLED = 0.97;
/** Turns until the ranking is taken as it is. */
const MOST_TURNS = 6;

/**
 * Ranks models by the shortest of their samples, all taken in turns: whatever else the machine does only adds to a sample.
 * Measures until another turn changes neither the best nor any time by much; where that never happens, what was expected
 * decides, and the times are not kept. Measures nothing where all times are known. One more model may be timed beside them.
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
    for (const [i, key] of keys.entries()) if (known[i] === undefined) timer.timings.set(key, times[i]!);
    timer.timings.save();
  }
  const ms = times.slice(0, models.length);
  const best = bestOf(models, settled ? ms : models.map(({ expectedMs }, i) => expectedMs ?? ms[i]!));
  return { ms, besideMs: times[models.length] ?? null, best, settled, cached };
}

/** Models that are ranked, and all that are timed, the ranked ones first. */
interface Field {
  readonly ranked: readonly TimedModel[];
  readonly all: readonly TimedModel[];
}

/** Times known before hold, so that the same network is chosen again: new ones are told on their scale. */
async function completed(known: readonly (number | undefined)[], field: Field, timer: Timer) {
  const { times, settled } = await measured(field, timer);
  const scales = known.flatMap((ms, i) => (ms === undefined ? [] : [ms / times[i]!]));
  const scale = scales.length > 0 ? median(scales) : 1;
  return { times: times.map((ms, i) => known[i] ?? ms * scale), settled };
}

/** The shortest sample of all models, taken until they settle, and so does the best of those that are ranked. */
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
    times = before.map((ms, i) => Math.min(ms, models[i]!.minMs));
    const same = times.every((ms, i) => ms >= before[i]! * SETTLED);
    if (same && bestOf(ranked, times) === bestOf(ranked, before)) return { times, settled: true };
  }
  return { times, settled: false };
}

/** Of the models, which come first among the times. */
function bestOf(models: readonly TimedModel[], ms: readonly number[]): number {
  const quickest = Math.min(...ms.slice(0, models.length));
  const tied = [...models.keys()].filter((i) => ms[i]! <= quickest * TIE);
  return tied.reduce((best, i) => (models[i]!.macs < models[best]!.macs ? i : best));
}

/** All that a time depends on, beside the machine. */
const keyOf = (key: string, { engine, threads }: Timer): string => JSON.stringify([key, engine, threads]);

/** A network that is timed as it is, at a size where it leaves its own open. */
export async function timedGraph(graph: Graph, { size }: CostOptions = {}): Promise<TimedModel> {
  const bytes = modelAt(graph, size);
  return {
    key: await digest(bytes),
    macs: costs(graph, { size }).macs,
    model: () => bytes,
    inputs: inputFeedsOf(graph),
  };
}

/** The model of a network that is timed, at a size where it leaves its own open. */
export const modelAt = (graph: Graph, size: CostOptions['size']): Uint8Array =>
  serializeModel(
    size === undefined && !graph.inputs.some(({ feed }) => feed)
      ? graph
      : withFixedShapes(graph, { size, batch: 1 }),
  );

/** The key of a model that is timed as it is: its SHA-256. */
export async function digest(model: Uint8Array): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', model)));
}
