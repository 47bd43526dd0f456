import type { Calibration } from '../../src/calibration/calibration.ts';
import { couple } from '../../src/channels/coupling/index.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { type ScoringOptions, scoreLayers } from '../../src/pruning/criteria/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** A network of an input `x` and what is built on it, given out as `y`. */
export function networkOf(shape: readonly number[], body: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('network');
  const g = builderOf(graph);
  g.output(body(g, g.input('x', 'float32', shape)), 'y');
  return graph;
}

/** A 1×1 convolution of given filters, one row each. */
export function pointwise(
  g: Builder,
  x: Value,
  name: string,
  filters: readonly (readonly number[])[],
): Value {
  const weight = floats([filters.length, filters[0]!.length, 1, 1], filters.flat());
  return g.named(name).Conv(x, g.constant(weight, `${name}.weight`));
}

/** γ of each channel, with β = μ = 0; σ² + ε is 1 unless given. */
export function normalized(
  g: Builder,
  x: Value,
  scale: readonly number[],
  variance?: readonly number[],
): Value {
  const zero = g.floats(scale.map(() => 0));
  const spread = g.floats(variance ?? scale.map(() => 1));
  return g.BatchNormalization(x, g.floats(scale), zero, zero, spread, { epsilon: 0 });
}

/** Images in memory, each batch one list of numbers. */
export function calibrationOf(
  image: readonly [number, number, number],
  batches: readonly (readonly number[])[],
  labels: readonly number[] = [],
): Calibration {
  const size = image[0] * image[1] * image[2];
  const batch = batches[0]!.length / size;
  return {
    batch,
    image,
    labelled: true,
    batches: batches.map((numbers, step) => ({
      images: Float32Array.from(numbers),
      labels: BigInt64Array.from({ length: batch }, (_, i) => BigInt(labels[i] ?? 0)),
      count: batch,
      step,
    })),
  };
}

/** The scores of each layer by its name, or the reason in their place. */
export async function scoresOf(
  graph: Graph,
  options: Partial<ScoringOptions> & Pick<ScoringOptions, 'criterion'>,
): Promise<Record<string, number[] | string>> {
  const defaults = { seed: 1, executor: onnxruntime, calibration: null };
  const results = await scoreLayers(graph, couple(graph), { ...defaults, ...options });
  return Object.fromEntries(
    [...results].map(([{ node }, result]) => [
      node.name,
      'reason' in result ? result.reason : Array.from(result.scores),
    ]),
  );
}

/** The places of numbers from the smallest on. */
export const order = (scores: readonly number[] | string | undefined): number[] =>
  Array.from(scores as readonly number[], (score, place) => ({ score, place }))
    .sort((a, b) => a.score - b.score)
    .map(({ place }) => place);
