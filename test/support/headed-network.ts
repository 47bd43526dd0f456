import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { normals } from './run-graph.ts';
import { classifier, convolutionLayer } from './small-network.ts';

export type Head = (g: Builder, features: Value, seed: number) => void;

/** Images [N, 3, 8, 8], features [N, 8, 4, 4], and a head. */
export function headedNetwork(seed: number, head: Head): Graph {
  const g = builderOf(emptyGraph(`network ${seed}`));
  const x = g.input('images', 'float32', ['N', 3, 8, 8]);
  head(g, g.Relu(convolutionLayer(g, x, 'stem', { filters: 8, stride: 2, seed })), seed);
  return g.graph;
}

const convolution = (g: Builder, x: Value, name: string, [filters, seed]: readonly [number, number]) =>
  g.named(name).Conv(x, g.constant(normals([filters, 8, 1, 1], seed, 0.4), `${name}.weight`));

const boxesAndScores = (g: Builder, x: Value, seed: number) => {
  const scores = convolution(g, x, 'scores', [3, seed + 2]);
  const flat = g.Reshape(g.Transpose(scores, { perm: [0, 2, 3, 1] }), g.int64s([0, -1, 3]));
  g.output(convolution(g, x, 'boxes', [4, seed + 1]), 'box');
  g.output(g.Sigmoid(flat), 'probability');
  return flat;
};

/** Boxes, and probabilities of three classes. */
export const boxes: Head = (g, x, seed) => void boxesAndScores(g, x, seed);

/** A detector: boxes, probabilities of three classes, and the places of the two highest. */
export const detector: Head = (g, x, seed) => {
  const highest = g.ReduceMax(boxesAndScores(g, x, seed), g.int64s([2]), { keepdims: 0 });
  const [, places] = g.node('TopK', [highest, g.int64s([2])], {}, 2);
  g.output(places!, 'places');
};

export const softmax: Head = (g, x, seed) => void g.output(g.Softmax(classifier(g, x, 4, seed)), 'classes');
