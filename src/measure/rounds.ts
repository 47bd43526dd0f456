import { EspalierError } from '../errors.ts';
import { median, quantile } from '../numeric/statistics.ts';
import { zip } from '../numeric/zip.ts';
import { stopwatch } from './stopwatch.ts';

/** A model that is loaded into an engine and can be timed. */
export interface Runner {
  /** Mean milliseconds over n runs. */
  time(n: number): Promise<number>;
  close(): Promise<void>;
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

/** Milliseconds after which V8 has compiled the hot code of a model with its optimising compiler. */
export const WEB_WARMUP_MS = 250;
const MIN_ROUNDS = 5;
/** Shorter samples would measure the clock and the scheduler. */
const MIN_SAMPLE_MS = 5;
const WORTHWHILE_RATIO = 1.05;
const ESTIMATES = 3;
/** Of a run that a coarse clock measures as 0. */
const SHORTEST_RUN_MS = 1e-3;

/** A model to measure. */
export interface MeasuredModel {
  readonly path: string;
  open(): Promise<Runner>;
}

/** Latencies by model, and how often each was sampled. */
export interface MeasuredRounds {
  readonly models: readonly ModelLatency[];
  readonly rounds: number;
}

/**
 * Opens models, measures them in alternating rounds, and closes them. `warmupMs` is the minimal duration of the warm-up of
 * each model.
 */
export async function measureInTurns(
  models: readonly MeasuredModel[],
  options: SamplingOptions & { readonly warmupMs: number },
): Promise<MeasuredRounds> {
  const runners: Runner[] = [];
  try {
    for (const model of models) runners.push(await model.open());
    const samples = await sampleInTurns(runners, options);
    const [first = []] = samples;
    const latencies = zip(models, samples).map(([{ path }, own]) => latencyOf(path, own, first));
    return { models: latencies, rounds: first.length };
  } finally {
    for (const runner of runners) await runner.close();
  }
}

/** A runner with its samples, each the mean over so many runs. */
interface Turn {
  readonly runner: Runner;
  readonly repetitions: number;
  readonly samples: number[];
}

/** Samples in milliseconds, by runner and round. */
export async function sampleInTurns(
  runners: readonly Runner[],
  options: SamplingOptions & { readonly warmupMs: number },
): Promise<number[][]> {
  const { seconds = 2 * runners.length, rounds, warmup = 5, warmupMs, signal } = options;
  const { sampleMs = MIN_SAMPLE_MS } = options;
  const turns: Turn[] = [];
  for (const runner of runners) {
    const elapsedMs = stopwatch();
    do {
      stopIfAborted(signal);
      await runner.time(warmup);
    } while (elapsedMs() < warmupMs);
    turns.push({ runner, repetitions: await repetitionsFor(runner, sampleMs), samples: [] });
  }
  const elapsedMs = stopwatch();
  for (let round = 0; rounds ? round < rounds : round < MIN_ROUNDS || elapsedMs() < 1000 * seconds; round++) {
    stopIfAborted(signal);
    for (const { runner, repetitions, samples } of turns) samples.push(await runner.time(repetitions));
  }
  return turns.map(({ samples }) => samples);
}

/** How many runs take `sampleMs`, by the shortest of a few: one that was interrupted would make samples too short. */
async function repetitionsFor(runner: Runner, sampleMs: number): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ESTIMATES; i++) shortest = Math.min(shortest, await runner.time(1));
  return Math.max(1, Math.ceil(sampleMs / Math.max(shortest, SHORTEST_RUN_MS)));
}

/** Throws `interrupted` once the signal is aborted. */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EspalierError('interrupted', 'measurement interrupted');
}

function latencyOf(path: string, samples: readonly number[], first: readonly number[]): ModelLatency {
  const medianMs = median(samples);
  const ratio = median(first) / medianMs;
  const perRound = zip(first, samples).map(([reference, ms]) => reference / ms);
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
