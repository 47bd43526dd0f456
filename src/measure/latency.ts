import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { median, quantile } from '../numeric/statistics.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { parseModel, readModelFile } from '../onnx/index.ts';
import { createSession } from '../runtime/onnxruntime/session.ts';
import { type BindOptions, fixedShape } from './bind-shapes.ts';
import { fedInputs } from './image-input.ts';
import { randomTensor } from './random-tensor.ts';

export interface BenchmarkOptions extends BindOptions {
  /** Threads within an operator; default 1. */
  readonly threads?: number;
  /** Measures for as many seconds in all; default 2 a model. */
  readonly seconds?: number;
  /** Measures as many rounds, whatever time they take. */
  readonly rounds?: number;
  /** Runs of each model before the first round; default 5. */
  readonly warmup?: number;
  /** Stops between rounds by EspalierError('interrupted'). */
  readonly signal?: AbortSignal;
}

/** What one model takes in onnxruntime, and how that compares with the first. */
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
  /** In plain words, where the gain over the first is under 5 %. */
  readonly warning?: string;
}

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

/**
 * Latency of models in onnxruntime, side by side: each round times every model once, in the same order, so that what
 * slows the machine slows all of them. A sample is the mean of as many runs as take 5 ms. Inputs are random, of a fixed
 * seed. Throws `usage` where a model fixes another batch, or leaves its size open and none is given.
 */
export async function benchmark(
  models: readonly (string | Uint8Array)[],
  options: BenchmarkOptions = {},
): Promise<Benchmark> {
  const { batch = 1, threads = 1 } = options;
  const runners: Runner[] = [];
  try {
    for (const [index, model] of models.entries()) {
      runners.push(await openRunner(model, index, { ...options, batch, threads }));
    }
    const samples = await measure(runners, options);
    const results = runners.map((runner, i) => latency(runner.path, samples[i]!, samples[0]!));
    return { models: results, threads, batch, rounds: samples[0]?.length ?? 0 };
  } finally {
    for (const runner of runners) await runner.close();
  }
}

interface Runner {
  readonly path: string;
  /** The mean milliseconds of n runs. */
  time(n: number): Promise<number>;
  close(): Promise<void>;
}

async function openRunner(
  model: string | Uint8Array,
  index: number,
  options: BenchmarkOptions & { batch: number; threads: number },
): Promise<Runner> {
  const path = typeof model === 'string' ? model : `model ${index + 1}`;
  const graph = typeof model === 'string' ? readModelFile(model) : parseModel(model);
  const inputs = randomInputs(graph, { ...options, path });
  const session = await createSession(model, { threads: options.threads });
  const feeds = Object.fromEntries(inputs.map(([name, tensor]) => [name, session.tensor(tensor)]));
  const fetches = Object.fromEntries(session.outputs.map((name) => [name, null]));
  return {
    path,
    close: () => session.close(),
    async time(n) {
      const start = performance.now();
      for (let i = 0; i < n; i++) await session.run(feeds, fetches);
      return (performance.now() - start) / n;
    },
  };
}

function randomInputs(
  graph: Graph,
  options: BindOptions & { batch: number; path: string },
): (readonly [name: string, Tensor])[] {
  return fedInputs(graph).map((input, i) => {
    const shape = fixedShape(graph, input, options);
    if (shape[0] !== options.batch) {
      const message = `${input.name} has a fixed batch of ${shape[0]}, expected ${options.batch}`;
      throw new EspalierError('usage', message, { where: options.path });
    }
    return [input.name, randomTensor(input.dtype ?? 'float32', shape, i)] as const;
  });
}

/** Milliseconds by model and round. */
async function measure(runners: readonly Runner[], options: BenchmarkOptions): Promise<number[][]> {
  const { seconds = 2 * runners.length, rounds, warmup = 5, signal } = options;
  const repetitions: number[] = [];
  for (const runner of runners) {
    await runner.time(warmup);
    repetitions.push(Math.max(1, Math.ceil(MIN_SAMPLE_MS / (await runner.time(1)))));
  }
  const samples: number[][] = runners.map(() => []);
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  for (let round = 0; rounds ? round < rounds : round < MIN_ROUNDS || elapsed() < seconds; round++) {
    if (signal?.aborted) throw new EspalierError('interrupted', 'measurement stopped');
    for (const [i, runner] of runners.entries()) samples[i]!.push(await runner.time(repetitions[i]!));
  }
  return samples;
}

function latency(path: string, samples: readonly number[], first: readonly number[]): ModelLatency {
  const medianMs = median(samples);
  const ratio = median(first) / medianMs;
  const perRound = samples.map((ms, round) => first[round]! / ms);
  return {
    path,
    medianMs,
    minMs: Math.min(...samples),
    p90Ms: quantile(samples, 0.9),
    ratio,
    ratioSpread: [quantile(perRound, 0.25), quantile(perRound, 0.75)],
    ...(samples !== first && ratio < WORTHWHILE_RATIO && { warning: smallGain(ratio) }),
  };
}

function smallGain(ratio: number): string {
  const percent = (100 * (ratio - 1)).toFixed(1);
  return ratio < 1
    ? `slower than the first model (${percent} %)`
    : `hardly faster than the first model: the gain of ${percent} % is under 5 %`;
}
