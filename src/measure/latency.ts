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
  /** Contents of inputs, by name; default: random. */
  readonly inputs?: InputFeeds | undefined;
  /** Threads within an operator; default 1. */
  readonly threads?: number;
}

/** How models are sampled. */
export interface SamplingOptions {
  /** Total duration of the measurement in seconds; default 2 per model. */
  readonly seconds?: number;
  /** Number of rounds, instead of a duration. */
  readonly rounds?: number;
  /** Runs of each model before the first round; default 5. */
  readonly warmup?: number;
  /**
   * Minimal duration of a sample in milliseconds; default 5. Shorter samples can fall between interruptions by other
   * processes.
   */
  readonly sampleMs?: number;
  /** Throws `interrupted` between rounds once it is aborted. */
  readonly signal?: AbortSignal;
}

/** The latency of one model, and its ratio to that of the first. */
export interface ModelLatency {
  /** The file, or `model 2` for the second model if it was given as bytes. */
  readonly path: string;
  readonly medianMs: number;
  readonly minMs: number;
  readonly p90Ms: number;
  /** medianMs of the first model divided by medianMs of this one: above 1 means faster than the first. */
  readonly ratio: number;
  /** First and third quartile of the ratios within each round. */
  readonly ratioSpread: readonly [number, number];
  /** A warning in plain words if the speed-up is under 5 %, or if the quartiles of the ratios are on both sides of 1. */
  readonly warning?: string;
}

/** Latencies of models that were measured in alternating rounds. */
export interface Benchmark {
  readonly models: readonly ModelLatency[];
  readonly threads: number;
  readonly batch: number;
  readonly rounds: number;
}

const MIN_ROUNDS = 5;
/** Shorter samples would measure the clock and the scheduler. */
const MIN_SAMPLE_MS = 5;
const WORTHWHILE_RATIO = 1.05;

/** A model that is loaded into an engine and can be timed. */
export interface Runner {
  /** Mean milliseconds over n runs. */
  time(n: number): Promise<number>;
  close(): Promise<void>;
}

/** An engine in which models are timed. */
export interface TimedEngine {
  open(model: PreparedModel, threads: number): Promise<Runner>;
  /**
   * Minimal duration of the warm-up of each model, in milliseconds, for engines that optimise code while it runs. Default 0.
   */
  readonly warmupMs?: number;
}

/**
 * Measures the latency of models in onnxruntime, and of compiled networks, side by side. Each round times every model once,
 * in the same order, so that other load on the machine affects all models. A sample is the mean over as many runs as take
 * `sampleMs`. Inputs that are not given are random, from a fixed seed. Throws `usage` if a model fixes another batch size, or
 * leaves its size open and none is given.
 *
 * @example
 * const { models } = await benchmark(['model.onnx', serializeModel(changed)], { threads: 1, seconds: 4 });
 * console.log(models[1]!.medianMs, models[1]!.ratio);
 */
export const benchmark = (
  models: readonly ModelSource[],
  options: BenchmarkOptions = {},
): Promise<Benchmark> => benchmarkIn({ open: openHere }, models, options);

/** {@link benchmark} for another engine. */
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

/** Samples in milliseconds, by runner and round. */
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
