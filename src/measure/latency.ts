import { EspalierError } from '../errors.ts';
import type { InputFeeds } from '../graph/inputs/input-feeds.ts';
import { median, quantile } from '../numeric/statistics.ts';
import { createSession } from '../runtime/onnxruntime/session.ts';
import type { BindOptions } from './bind-shapes.ts';
import { openFolder } from './compiled-runner.ts';
import { type ModelSource, type PreparedModel, prepareModels } from './prepared-model.ts';
import { stopwatch } from './stopwatch.ts';

/** Options of a benchmark. */
export interface BenchmarkOptions extends BindOptions, SamplingOptions {
  /** What inputs are fed with, by name; default: random contents. */
  readonly inputs?: InputFeeds | undefined;
  /** Threads within an operator; default 1. */
  readonly threads?: number;
}

/** How often models are timed. */
export interface SamplingOptions {
  /** Measures for as many seconds in all; default 2 a model. */
  readonly seconds?: number;
  /** Measures as many rounds, whatever time they take. */
  readonly rounds?: number;
  /** Runs of each model before the first round; default 5. */
  readonly warmup?: number;
  /** A sample takes at least as long; default 5 ms. Short ones slip between what else the machine does. */
  readonly sampleMs?: number;
  /** Stops between rounds by EspalierError('interrupted'). */
  readonly signal?: AbortSignal;
}

/** What one model takes, and how that compares with the first. */
export interface ModelLatency {
  /** The file, or `model 2` for bytes given second. */
  readonly path: string;
  readonly medianMs: number;
  readonly minMs: number;
  readonly p90Ms: number;
  /** medianMs of the first model over medianMs of this one: above 1 is faster than the first. */
  readonly ratio: number;
  /** The middle half (first and third quartile) of the ratios within each round: how much they scatter. */
  readonly ratioSpread: readonly [number, number];
  /** In plain words, where the gain over the first is under 5 %, or where the ratios lie on both sides of 1. */
  readonly warning?: string;
}

/** Latencies of models that were measured in turns. */
export interface Benchmark {
  readonly models: readonly ModelLatency[];
  readonly threads: number;
  readonly batch: number;
  readonly rounds: number;
}

const MIN_ROUNDS = 5;
/** Shorter samples than this measure the clock and the scheduler. */
const MIN_SAMPLE_MS = 5;
const WORTHWHILE_RATIO = 1.05;

/** A model in an engine, ready to be timed. */
export interface Runner {
  /** The mean milliseconds of n runs. */
  time(n: number): Promise<number>;
  close(): Promise<void>;
}

/** What runs models. */
export interface TimedEngine {
  open(model: PreparedModel, threads: number): Promise<Runner>;
  /** The first round begins once a model has run for as long: engines that compile as they go need it. Default 0. */
  readonly warmupMs?: number;
}

/**
 * Latency of models in onnxruntime, and of compiled networks, side by side: each round times every model once, in the same order, so that what
 * slows the machine slows all of them. A sample is the mean of as many runs as take `sampleMs`. Inputs are random, of a fixed
 * seed, but for those that are told. Throws `usage` where a model fixes another batch, or leaves its size open and none is given.
 *
 * @example
 * const { models } = await benchmark(['model.onnx', serializeModel(changed)], { threads: 1, seconds: 4 });
 * console.log(models[1]!.medianMs, models[1]!.ratio);
 */
export const benchmark = (
  models: readonly ModelSource[],
  options: BenchmarkOptions = {},
): Promise<Benchmark> => benchmarkIn({ open: openHere }, models, options);

/** {@link benchmark} in another engine. */
export async function benchmarkIn(
  engine: TimedEngine,
  models: readonly ModelSource[],
  options: BenchmarkOptions,
): Promise<Benchmark> {
  const { batch = 1, threads = 1, size, inputs } = options;
  const prepared = prepareModels(models, { batch, size, inputs });
  const runners: Runner[] = [];
  try {
    for (const model of prepared) runners.push(await engine.open(model, threads));
    const samples = await sampleInTurns(runners, { ...options, warmupMs: engine.warmupMs ?? 0 });
    const results = prepared.map(({ path }, i) => latency(path, samples[i]!, samples[0]!));
    return { models: results, threads, batch, rounds: samples[0]?.length ?? 0 };
  } finally {
    for (const runner of runners) await runner.close();
  }
}

async function openHere(model: PreparedModel, threads: number): Promise<Runner> {
  if ('folder' in model) return openFolder(model, threads);
  const { source, inputs } = model;
  const session = await createSession(source, { threads });
  const feeds = Object.fromEntries(inputs.map(([name, tensor]) => [name, session.tensor(tensor)]));
  const fetches = Object.fromEntries(session.outputs.map((name) => [name, null]));
  return {
    close: () => session.close(),
    async time(n) {
      const elapsedMs = stopwatch();
      for (let i = 0; i < n; i++) await session.run(feeds, fetches);
      return elapsedMs() / n;
    },
  };
}

/** Milliseconds by runner and round. */
export async function sampleInTurns(
  runners: readonly Runner[],
  options: SamplingOptions & { readonly warmupMs: number },
): Promise<number[][]> {
  const { seconds = 2 * runners.length, rounds, warmup = 5, warmupMs, signal } = options;
  const { sampleMs = MIN_SAMPLE_MS } = options;
  const repetitions: number[] = [];
  for (const runner of runners) {
    const elapsedMs = stopwatch();
    do {
      stopIfAborted(signal);
      await runner.time(warmup);
    } while (elapsedMs() < warmupMs);
    repetitions.push(Math.max(1, Math.ceil(sampleMs / (await runner.time(1)))));
  }
  const samples: number[][] = runners.map(() => []);
  const elapsedMs = stopwatch();
  for (let round = 0; rounds ? round < rounds : round < MIN_ROUNDS || elapsedMs() < 1000 * seconds; round++) {
    stopIfAborted(signal);
    for (const [i, runner] of runners.entries()) samples[i]!.push(await runner.time(repetitions[i]!));
  }
  return samples;
}

/** Throws `interrupted` once the signal is aborted. */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EspalierError('interrupted', 'measurement interrupted');
}

function latency(path: string, samples: readonly number[], first: readonly number[]): ModelLatency {
  const medianMs = median(samples);
  const ratio = median(first) / medianMs;
  const perRound = samples.map((ms, round) => first[round]! / ms);
  const ratioSpread = [quantile(perRound, 0.25), quantile(perRound, 0.75)] as const;
  const warning = samples === first ? null : smallGain(ratio, ratioSpread);
  return {
    path,
    medianMs,
    minMs: Math.min(...samples),
    p90Ms: quantile(samples, 0.9),
    ratio,
    ratioSpread,
    ...(warning === null ? {} : { warning }),
  };
}

function smallGain(ratio: number, [low, high]: readonly [number, number]): string | null {
  const percent = (100 * (ratio - 1)).toFixed(1);
  if (Math.max(high, ratio) < 1) return `slower than the first model (${percent} %)`;
  if (Math.min(low, ratio) <= 1) return `no measurable difference from the first model (${percent} %)`;
  return ratio < WORTHWHILE_RATIO
    ? `barely faster than the first model: the gain of ${percent} % is under 5 %`
    : null;
}
