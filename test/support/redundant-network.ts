import { channelGroups } from '../../src/channels/channel-groups.ts';
import { cutChannels } from '../../src/channels/cut-channels.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { cloneGraph } from '../../src/graph/clone.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { calibrationOf } from './layer-scores.ts';
import { normals } from './run-graph.ts';

/** [C, H, W] of the images. */
export const image = [3, 9, 9] as const;
/** 40 random images. */
export const calibration = calibrationOf(
  image,
  [5, 6].map((seed) => Array.from(normals([20, ...image], seed).data)),
);

/** What is built on images, given out. */
export function network(body: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('network');
  const g = builderOf(graph);
  g.output(body(g, g.input('x', 'float32', ['N', ...image])), 'y');
  return graph;
}

/** Some channels of some layers gone, by the name of the layer. */
export function without(given: Graph, gone: Readonly<Record<string, readonly number[]>>) {
  const original = cloneGraph(given);
  inferShapes(original);
  const coupling = channelGroups(original);
  const { sets, layers } = coupling.found;
  const removed = layers.flatMap(({ node, first }) =>
    (gone[node.name] ?? []).map((m) => sets.find(first + m)),
  );
  return { original, ...cutChannels({ graph: original, coupling }, new Set(removed)) };
}

/** Filters 0 to 3 are random, 4 = 2·F₀ and 5 = ½·F₁, biases too: behind Relu as well as before it. */
export function redundant(g: Builder, x: Value, name = 'wide', seed = 1): Value {
  const channels = Number(x.shape![1]);
  const free = [normals([4, channels, 3, 3], seed, 0.3), normals([4], seed + 10, 0.3)];
  const [weight, bias] = free.map(({ shape, data }) => {
    const size = data.length / 4;
    const dependent = [
      ...data.subarray(0, size).map((w) => 2 * w),
      ...data.subarray(size, 2 * size).map((w) => w / 2),
    ];
    return g.constant(floats([6, ...shape.slice(1)], [...data, ...dependent]));
  });
  return g.named(name).Conv(x, weight!, bias!, { pads: [1, 1, 1, 1] });
}

/** A random parameter. */
export const constant = (g: Builder, shape: readonly number[], seed: number): Value =>
  g.constant(normals(shape, seed, 0.3));
/** Six channels, two of them dependent on others, without their negative part. */
export const relu = (g: Builder, x: Value) => g.Relu(redundant(g, x));
