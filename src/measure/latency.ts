import type { InputFeeds } from '../graph/inputs/input-feeds.ts';
import { createSession } from '../runtime/onnxruntime/session.ts';
import type { BindOptions } from './bind-shapes.ts';
import { openFolder } from './compiled-runner.ts';
import { type ModelSource, type PreparedModel, prepareModels } from './prepared-model.ts';
import { type MeasuredRounds, measureInTurns, type Runner, type SamplingOptions } from './rounds.ts';
import { stopwatch } from './stopwatch.ts';

/** Options of a benchmark. */
export interface BenchmarkOptions extends BindOptions, SamplingOptions {
  /** Contents of inputs, by name; default: random. */
  readonly inputs?: InputFeeds | undefined;
  /** Threads within an operator; default 1. */
  readonly threads?: number;
}

/** Latencies of models that were measured in alternating rounds. */
export interface Benchmark extends MeasuredRounds {
  readonly threads: number;
  readonly batch: number;
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
  const opened = prepared.map((model) => ({ path: model.path, open: () => engine.open(model, threads) }));
  const measured = await measureInTurns(opened, { ...options, warmupMs: engine.warmupMs ?? 0 });
  return { ...measured, threads, batch };
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
