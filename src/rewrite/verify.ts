import { EspalierError } from '../errors.ts';
import { cloneGraph } from '../graph/clone.ts';
import type { Graph } from '../graph/graph.ts';
import type { Executor, Program, Tensors } from '../runtime/executor.ts';
import { tensorError, toleranceOf } from './compare.ts';
import { randomFeeds } from './random-feeds.ts';
import { bindDimensions } from './rules/static-shapes.ts';

export interface VerifyOptions {
  readonly executor: Executor;
  /** Allowed error relative to the largest expected element; default by type: 1e-4 for float32. */
  readonly tolerance?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Images in a run, where the network leaves that open; default 2. */
  readonly batch?: number;
}

/** Inputs of the usual spread, and of one that saturates activations. */
const SCALES = [1, 8];
/** Sizes tried for open dimensions beside the batch. */
const SIZES = [64, 224, 32, 28];
/** The symbol of dimensions that have none. */
const UNNAMED = 'unnamed dimension';

/** Outputs that differ by no more than this between inputs do not depend on them. */
const CONSTANT = 1e-6;

/** How well two graphs agree. */
export interface Agreement {
  /** The largest error relative to the largest expected element. */
  readonly error: number;
  /** Whether the outputs are the same whatever comes in, so that agreeing proves nothing. */
  readonly constant: boolean;
}

/**
 * Runs two graphs on the same random inputs, the engine's own optimiser off. Throws `verification` where the error is
 * beyond the tolerance, or types or shapes of outputs differ.
 */
export async function verifyEquivalent(
  before: Graph,
  after: Graph,
  options: VerifyOptions,
): Promise<Agreement> {
  if (before.outputs.length !== after.outputs.length) {
    const message = `expected ${before.outputs.length} outputs, got ${after.outputs.length}`;
    throw new EspalierError('verification', message);
  }
  const fixed = withFixedInputs(before, options.batch ?? 2);
  const feeds = SCALES.map((scale) => randomFeeds(fixed, { seed: options.seed ?? 0, scale }));
  const expected = await runAll(before, options.executor, feeds);
  const actual = await runAll(after, options.executor, feeds);
  const errors = expected.map((results, i) =>
    outputError([before, results], [after, actual[i]!], options.tolerance),
  );
  return { error: Math.max(...errors), constant: isConstant(expected) };
}

/** Whether every output is the same for inputs of different scale. */
function isConstant([usual, saturating]: readonly Tensors[]): boolean {
  const outputs = Object.entries(usual!).filter(([, { dtype }]) => dtype.startsWith('float'));
  return (
    outputs.length > 0 &&
    outputs.every(([name, tensor]) => tensorError(name, saturating![name]!, tensor) < CONSTANT)
  );
}

/** The batch bound, then every other open dimension to the first size at which shapes fit. */
function withFixedInputs(graph: Graph, batch: number): Graph {
  const open = graph.inputs.some(({ shape }) => shape?.length && typeof shape[0] !== 'number');
  const bound = open ? bindDimensions(graph, batch) : cloneGraph(graph);
  for (const input of bound.inputs) input.shape = input.shape?.map((dim) => dim ?? UNNAMED) ?? null;
  const symbols = new Set(
    bound.inputs.flatMap(({ shape }) => shape ?? []).filter((dim) => typeof dim === 'string'),
  );
  if (symbols.size === 0) return bound;
  let misfit: unknown;
  for (const size of SIZES) {
    try {
      return bindDimensions(bound, Object.fromEntries([...symbols].map((symbol) => [symbol, size])));
    } catch (error) {
      misfit = error;
    }
  }
  throw misfit;
}

async function runAll(graph: Graph, executor: Executor, feeds: readonly Tensors[]): Promise<Tensors[]> {
  const program = await executor.compile(graph, { optimization: 'disabled' });
  try {
    const results: Tensors[] = [];
    for (const feed of feeds) results.push(await runOnce(graph, program, feed));
    return results;
  } finally {
    await program.close();
  }
}

/** Results are copied: the next run may overwrite them. A graph that lost an input is not fed it. */
async function runOnce(graph: Graph, program: Program, feed: Tensors): Promise<Tensors> {
  const wanted = new Set(graph.inputs.map(({ name }) => name));
  const given = Object.fromEntries(Object.entries(feed).filter(([name]) => wanted.has(name)));
  const results = Object.entries(await program.run(given));
  return Object.fromEntries(
    results.map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  );
}

type Run = readonly [graph: Graph, results: Tensors];

function outputError([before, expected]: Run, [after, actual]: Run, tolerance?: number): number {
  const errors = before.outputs.map(({ name }, i) => {
    const wanted = expected[name]!;
    const error = tensorError(name, actual[after.outputs[i]!.name]!, wanted);
    const allowed = tolerance ?? toleranceOf(wanted.dtype);
    if (!(error <= allowed)) {
      const message = `expected the same output within ${allowed}, got a relative error of ${error.toExponential(1)}`;
      throw new EspalierError('verification', message, { where: name });
    }
    return error;
  });
  return Math.max(0, ...errors);
}
