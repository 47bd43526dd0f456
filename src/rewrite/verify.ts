import { assert, EspalierError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { fedInputs } from '../graph/inputs/image-input.ts';
import { expectMemory, fitsMemory } from '../graph/peak-memory.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';
import type { Executor, Program, Tensors } from '../runtime/executor.ts';
import { canonicalForm, runnableForm } from './canonical-form.ts';
import { scaleOf, tensorError, toleranceOf } from './compare.ts';
import { comparePoints, type OutputPoints } from './compare-points.ts';
import { randomFeeds } from './random-feeds.ts';
import { type Trial, type TrialOptions, type TrialSize, trialsOf } from './trial-inputs.ts';

/** Options of {@link verifyEquivalent}. */
export interface VerifyOptions {
  readonly executor: Executor;
  /** Runs the second graph; default: `executor`. */
  readonly resultExecutor?: Executor;
  /** Allowed error, relative to the largest expected element; default by type: 1e-4 for float32. */
  readonly tolerance?: number;
  /** Seed of the random inputs. Default 0. */
  readonly seed?: number;
  /** Images per run, if the network leaves it open; default 2, with another run of 1. */
  readonly batch?: number;
  /** Height and width of the first run, if the network leaves them open. */
  readonly size?: readonly [height: number, width: number];
}

/** Standard deviations of the inputs: a usual one, and one that saturates activations. */
const SCALES = [1, 8];

/** Outputs whose relative difference between inputs is at most this do not depend on the inputs. */
const CONSTANT = 1e-6;

/** The result of comparing two graphs. */
export interface Equivalence {
  /** The largest error, relative to the largest expected element. */
  readonly error: number;
  /** Whether the outputs are equal for all inputs, so that the comparison proves nothing. */
  readonly constant: boolean;
  /**
   * The values that were compared for each output: the output itself, or values before operators that saturate, order or
   * round.
   */
  readonly compared: readonly { readonly output: string; readonly values: readonly string[] }[];
  /** The sizes of open dimensions in each run. */
  readonly sizes: readonly TrialSize[];
}

/**
 * Runs two graphs on the same random inputs, without the engine's optimiser. If sizes or the batch are open, two of each are
 * used. An output after operators that saturate, order or round is compared before these. Throws `verification` if the error
 * exceeds the tolerance, or if types or shapes of outputs differ.
 *
 * @example
 * const { error } = await verifyEquivalent(network, changed, { executor: onnxruntime });
 */
export async function verifyEquivalent(
  given: Graph,
  after: Graph,
  options: VerifyOptions,
): Promise<Equivalence> {
  const before = runnableForm(given);
  if (before.outputs.length !== after.outputs.length) {
    const message = `expected ${before.outputs.length} outputs, got ${after.outputs.length}`;
    throw new EspalierError('verification', message);
  }
  const points = pointsOf(before, after);
  const { batch = 2, size, seed = 0, executor, resultExecutor = executor } = options;
  const [first, second] = fittingTrials(before, { batch, ...(size && { size }) });
  const programs = {
    before: await compiled(watched(before, points, 'before'), executor),
    after: await compiled(watched(after, points, 'after'), resultExecutor),
  };
  try {
    const isTold = fedInputs(before).every(({ feed }) => feed?.contents);
    const one = await run(first, programs, { seed, scales: isTold ? [1] : SCALES });
    const other =
      second.length === 0 ? null : await run(second, programs, { seed, scales: [1] }).catch(unlessMisfit);
    const runs = [...one.runs, ...(other?.runs ?? [])];
    const errors = runs.map((each) =>
      agreementError(each, { before, after, points, tolerance: options.tolerance }),
    );
    return {
      error: Math.max(0, ...errors),
      constant:
        !isTold &&
        isConstant(
          one.runs.map(({ expected }) => expected),
          before,
          points,
        ),
      compared: before.outputs.map(({ name }, i) => ({
        output: name,
        values: points[i]?.points.map((point) => point.before.name) ?? [name],
      })),
      sizes: [one.size, ...(other ? [other.size] : [])],
    };
  } finally {
    await programs.before.program.close();
    await programs.after.program.close();
  }
}

/** Uses a single image if more would exceed the memory budget. */
function fittingTrials(graph: Graph, options: TrialOptions): readonly [readonly Trial[], readonly Trial[]] {
  const trials = trialsOf(graph, options);
  const [smallest] = trials[0];
  const fits = options.batch === 1 || !smallest || fitsMemory(smallest.graph);
  return fits ? trials : trialsOf(graph, { ...options, batch: 1 });
}

type Points = readonly (OutputPoints | null)[];

/**
 * Compare points of the canonical form, in which values keep the names of the file; values without a counterpart are omitted.
 */
function pointsOf(before: Graph, after: Graph): Points {
  const names = new Set(before.nodes.flatMap(({ outputs }) => outputs.map((value) => value?.name)));
  return comparePoints(canonicalOr(before), after).map((found) => {
    const known = found?.points.every((point) => names.has(point.before.name));
    return known ? found : null;
  });
}

function canonicalOr(graph: Graph): Graph {
  try {
    return canonicalForm(graph).graph;
  } catch (error) {
    if (error instanceof EspalierError) return graph;
    throw error;
  }
}

/** The graph with compare points as additional outputs. */
function watched(graph: Graph, points: Points, side: 'before' | 'after'): Graph {
  const outputs = new Map(graph.outputs.map((value) => [value.name, value]));
  const byName = new Map<string, Value>();
  for (const { outputs: made } of graph.nodes)
    for (const value of made) if (value) byName.set(value.name, value);
  for (const point of points.flatMap((found) => found?.points ?? [])) {
    const { name } = point[side];
    const value = byName.get(name) ?? graph.inputs.find((input) => input.name === name);
    if (value && !outputs.has(name)) outputs.set(name, value);
  }
  return { ...graph, outputs: [...outputs.values()] };
}

interface CompiledGraph {
  readonly graph: Graph;
  readonly program: Program;
}

interface CompiledPair {
  readonly before: CompiledGraph;
  readonly after: CompiledGraph;
}

const compiled = async (graph: Graph, executor: Executor): Promise<CompiledGraph> => ({
  graph,
  program: await executor.compile(graph, { optimization: 'disabled' }),
});

interface VerificationRun {
  readonly expected: Tensors;
  readonly actual: Tensors;
}

interface FeedDraws {
  readonly seed: number;
  readonly scales: readonly number[];
}

/** Runs both graphs at the first size that the reference accepts. */
async function run(
  trials: readonly Trial[],
  { before, after }: CompiledPair,
  { seed, scales }: FeedDraws,
): Promise<{ readonly runs: VerificationRun[]; readonly size: TrialSize }> {
  let misfit: unknown;
  for (const { graph, size } of trials) {
    try {
      expectMemory(graph);
      const feeds = scales.map((scale) => randomFeeds(graph, { seed, scale }));
      const expected: { readonly feed: Tensors; readonly results: Tensors }[] = [];
      for (const feed of feeds) expected.push({ feed, results: await runOnce(before, feed) });
      const runs: VerificationRun[] = [];
      for (const { feed, results } of expected) {
        const actual = await runOnce(after, feed, 'the resulting network');
        runs.push({ expected: results, actual });
      }
      return { runs, size };
    } catch (error) {
      if (!isMisfit(error)) throw error;
      misfit = error;
    }
  }
  throw misfit;
}

/** Whether the reference itself rejects a size, or needs too much memory. */
const isMisfit = (error: unknown): boolean =>
  error instanceof EspalierError && (error.code === 'runtime' || error.code === 'unsupported');

function unlessMisfit(error: unknown): null {
  if (isMisfit(error)) return null;
  throw error;
}

/** Results are copied, since the next run may overwrite them. Inputs that a graph has lost are not fed. */
async function runOnce({ graph, program }: CompiledGraph, feed: Tensors, made?: string): Promise<Tensors> {
  const wanted = new Set(graph.inputs.map(({ name }) => name));
  const given = Object.fromEntries(Object.entries(feed).filter(([name]) => wanted.has(name)));
  const results = Object.entries(await program.run(given).catch((error) => rethrown(error, made)));
  return Object.fromEntries(
    results.map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  );
}

/** The result must run wherever the reference runs. */
function rethrown(error: unknown, made: string | undefined): never {
  if (made === undefined || !(error instanceof EspalierError) || error.code === 'interrupted') throw error;
  throw new EspalierError(
    'verification',
    `${made} cannot be run, although the given network can: ${error.message}`,
    {
      cause: error,
    },
  );
}

interface ComparedGraphs {
  readonly before: Graph;
  readonly after: Graph;
  readonly points: Points;
  readonly tolerance: number | undefined;
}

function agreementError(run: VerificationRun, { before, after, points, tolerance }: ComparedGraphs): number {
  const pairOf = (expected: Value, actual: Value): OutputPair => ({
    name: expected.name,
    expected: resultOf(run.expected, expected.name),
    actual: resultOf(run.actual, actual.name),
  });
  const errors = zip(before.outputs, after.outputs, points).map(([expected, actual, found]) => {
    const output = pairOf(expected, actual);
    if (!found) return within(output, tolerance);
    const inner = found.points.map((point) => pairOf(point.before, point.after));
    const error = Math.max(...inner.map((each) => within(each, tolerance)));
    if (found.ordering) return error;
    // A saturated output may have as large an error as its input, but no larger.
    within(output, tolerance, Math.max(...inner.map(({ expected }) => scaleOf(expected))));
    return error;
  });
  return Math.max(0, ...errors);
}

/** A result by name: engines return every output of a graph. */
function resultOf(results: Tensors, name: string): Tensor {
  const result = results[name];
  assert(result, `${name} is computed`);
  return result;
}

interface OutputPair {
  readonly name: string;
  readonly expected: Tensor;
  readonly actual: Tensor;
}

function within({ name, expected, actual }: OutputPair, tolerance: number | undefined, scale = 0): number {
  const error = tensorError(name, actual, expected, scale);
  const allowed = tolerance ?? toleranceOf(expected.dtype);
  if (error <= allowed) return error;
  const message = `expected the same output within ${allowed}, got a relative error of ${error.toExponential(1)}`;
  throw new EspalierError('verification', message, { where: name });
}

/** Whether all compared values are equal for inputs of different scale. */
function isConstant([usual, large]: readonly Tensors[], { outputs }: Graph, points: Points): boolean {
  if (!usual || !large) return false;
  const names = outputs.flatMap(
    ({ name }, i) => points[i]?.points.map(({ before }) => before.name) ?? [name],
  );
  const compared = names.filter((name) => resultOf(usual, name).dtype.startsWith('float'));
  const isSame = (name: string) => tensorError(name, resultOf(large, name), resultOf(usual, name)) < CONSTANT;
  return compared.length > 0 && compared.every(isSame);
}
