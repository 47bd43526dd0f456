import { expect } from 'vitest';
import { decompose, gradients } from '../../src/autodiff/index.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, staticShape, type Value } from '../../src/graph/graph.ts';
import type { OperatorName } from '../../src/graph/operators/index.ts';
import { type Random, random } from '../../src/numeric/random.ts';
import { elementCount, type Float32Tensor, floats } from '../../src/numeric/tensor.ts';
import type { Tensors } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { expectNear, nativeExecutor } from '../support/executors.ts';

/** Where inputs lie: away from the kinks of the function by more than the step of the differences. */
export type Domain = 'any' | 'away-from-zero' | 'positive' | 'above-one' | 'inside-one' | 'distinct';

/** As many as the case has shapes. */
type CaseInputs = readonly [Value, Value, Value, Value, Value];

export interface GradientCase {
  readonly op: OperatorName;
  readonly title?: string;
  readonly shapes: readonly (readonly number[])[];
  readonly domains?: readonly Domain[];
  readonly opset?: number;
  /** The differentiated function; several results are all in the loss. */
  readonly build: (g: Builder, inputs: CaseInputs) => Value | readonly Value[];
}

const samplers: { readonly [D in Domain]: (r: Random, count: number) => number[] } = {
  any: (r, count) => times(count, () => r.normal()),
  'away-from-zero': (r, count) => times(count, () => (r.uniform() < 0.5 ? -1 : 1) * (0.3 + r.uniform())),
  positive: (r, count) => times(count, () => 0.5 + 1.5 * r.uniform()),
  'above-one': (r, count) => times(count, () => 1.3 + 1.5 * r.uniform()),
  'inside-one': (r, count) => times(count, () => 1.6 * r.uniform() - 0.8),
  /** Multiples of 0.05, none twice, none zero. */
  distinct: (r, count) => Array.from(r.permutation(count), (rank) => 0.05 * (rank + 0.5 - count / 2)),
};

const times = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);

const STEP = 1e-2;
const TOLERANCE = 2e-3;

/**
 * Compares ∂(Σ y·r)/∂x·v of every input, for random r and v, with the difference of the loss at x ± εv; then the gradients with
 * those of oneDNN, where it is installed.
 */
export async function checkGradients(gradientCase: GradientCase, seed: number): Promise<void> {
  const { graph, inputs } = lossGraph(gradientCase, seed);
  const program = await onnxruntime.compile(decompose(graph), { optimization: 'disabled', threads: 1 });
  const feeds = sampled(gradientCase, seed);
  const at = async (moved: Tensors) => Number((await program.run({ ...feeds, ...moved })).loss!.data[0]);
  try {
    const results = await program.run(feeds);
    const slopes = inputs.map(({ name }) => Float32Array.from(results[`d${name}`]!.data as Float32Array));
    for (const [i, { name }] of inputs.entries()) {
      const x = feeds[name] as Float32Tensor;
      const r = random(seed, i, 77);
      const v = x.data.map(() => (r.uniform() < 0.5 ? -1 : 1) * (0.5 + 0.5 * r.uniform()));
      const along = (by: number) => ({
        [name]: floats(
          x.shape,
          x.data.map((value, k) => value + by * v[k]!),
        ),
      });
      const numeric = ((await at(along(STEP))) - (await at(along(-STEP)))) / (2 * STEP);
      const analytic = dot(slopes[i]!, v);
      const scale = Math.max(Math.abs(numeric), Math.sqrt(dot(slopes[i]!, slopes[i]!)), 1e-2);
      const error = Math.abs(numeric - analytic) / scale;
      expect(error, `${name}: expected ${numeric}, got ${analytic}`).toBeLessThan(TOLERANCE);
    }
    if (nativeExecutor) await compareNative({ graph, feeds, expected: slopes });
  } finally {
    await program.close();
  }
}

async function compareNative({
  graph,
  feeds,
  expected,
}: {
  readonly graph: Graph;
  readonly feeds: Tensors;
  readonly expected: readonly Float32Array[];
}): Promise<void> {
  const program = await nativeExecutor!.compile(graph, { threads: 1 });
  try {
    const results = await program.run(feeds);
    expected.forEach((slopes, i) => {
      expectNear(results[`dx${i}`]!, slopes, { tolerance: 1e-4, floor: 1e-3, what: `dx${i} in oneDNN` });
    });
  } finally {
    await program.close();
  }
}

/** inputs → loss, dx0, dx1, … */
function lossGraph(
  { op, shapes, opset, build }: GradientCase,
  seed: number,
): { graph: Graph; inputs: Value[] } {
  const graph = emptyGraph(op, opset);
  const g = builderOf(graph);
  const inputs = shapes.map((shape, i) => g.input(`x${i}`, 'float32', shape));
  const built = build(g, inputs as readonly Value[] as CaseInputs);
  const terms = [built].flat().map((y, i) => weighted(g, y as Value, seed + i));
  const loss = g.output(terms.length === 1 ? terms[0]! : g.Sum(...terms), 'loss');
  gradients(g, loss, inputs).forEach((dx, i) => {
    expect(staticShape(dx), `shape of dx${i}`).toEqual(shapes[i]);
    g.output(g.Identity(dx), `dx${i}`);
  });
  return { graph, inputs };
}

/** Σ y·r. */
function weighted(g: Builder, y: Value, seed: number): Value {
  const shape = staticShape(y);
  const { normal } = random(seed, 5);
  const r = g.constant(floats(shape, times(elementCount(shape), normal)));
  return g.ReduceSum(g.Mul(y, r), null, { keepdims: 0 });
}

function sampled({ shapes, domains = [] }: GradientCase, seed: number): Record<string, Float32Tensor> {
  const entries = shapes.map((shape, i) => {
    const draw = samplers[domains[i] ?? 'any'];
    return [`x${i}`, floats(shape, draw(random(seed, i), elementCount(shape)))] as const;
  });
  return Object.fromEntries(entries);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
