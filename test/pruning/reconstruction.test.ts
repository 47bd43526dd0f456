import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { cloneGraph } from '../../src/graph/clone.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { couple } from '../../src/pruning/coupling/index.ts';
import { reconstruct } from '../../src/pruning/recovery/reconstruct.ts';
import { removeChannels } from '../../src/pruning/remove-channels.ts';
import { unshareParameters } from '../../src/pruning/unshare.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { describeExecutors } from '../support/executors.ts';
import { calibrationOf } from '../support/layer-scores.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork } from '../support/small-network.ts';

const image = [3, 9, 9] as const;
const calibration = calibrationOf(
  image,
  [5, 6].map((seed) => Array.from(normals([20, ...image], seed).data)),
);

function network(body: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('network');
  const g = builderOf(graph);
  g.output(body(g, g.input('x', 'float32', ['N', ...image])), 'y');
  return graph;
}

/** Some channels of some layers gone, by the name of the layer. */
function without(given: Graph, gone: Readonly<Record<string, readonly number[]>>) {
  const graph = cloneGraph(given);
  unshareParameters(graph);
  inferShapes(graph);
  const found = couple(graph);
  const removed = new Set<number>();
  const keptFilters = new Map<string, number[]>();
  for (const { node, first, count } of found.layers) {
    const lost = gone[node.name] ?? [];
    for (const m of lost) removed.add(found.classes.find(first + m));
    const all = Array.from({ length: count }, (_, m) => m);
    keptFilters.set(
      node.outputs[0]!.name,
      all.filter((m) => !lost.includes(m)),
    );
  }
  removeChannels(graph, found, removed);
  return { graph, keptFilters };
}

/** Filters 0 to 3 are random, 4 = 2·F₀ and 5 = ½·F₁, biases too: behind Relu as well as before it. */
function redundant(g: Builder, x: Value, name = 'wide', seed = 1): Value {
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

const constant = (g: Builder, shape: readonly number[], seed: number): Value =>
  g.constant(normals(shape, seed, 0.3));
const relu = (g: Builder, x: Value) => g.Relu(redundant(g, x));

const readers: Record<string, (g: Builder, x: Value) => Value> = {
  'a convolution with steps, gaps and uneven padding': (g, x) =>
    g.Conv(relu(g, x), constant(g, [5, 6, 3, 2], 2), null, {
      strides: [2, 1],
      dilations: [1, 2],
      pads: [1, 0, 2, 1],
    }),
  'a convolution padded by its attribute': (g, x) =>
    g.Conv(relu(g, x), constant(g, [5, 6, 3, 3], 2), constant(g, [5], 3), {
      auto_pad: 'SAME_UPPER',
      strides: [2, 2],
    }),
  'a Gemm with factors': (g, x) =>
    g.Gemm(g.Flatten(g.GlobalAveragePool(relu(g, x))), constant(g, [6, 5], 2), constant(g, [1], 3), {
      alpha: 2,
      beta: -0.5,
    }),
  'a Gemm of rows': (g, x) =>
    g.Gemm(g.Flatten(g.GlobalMaxPool(relu(g, x))), constant(g, [5, 6], 2), null, { transB: 1 }),
  'a MatMul of tokens': (g, x) => {
    const tokens = g.Transpose(g.Reshape(relu(g, x), g.int64s([0, 6, 81])), { perm: [0, 2, 1] });
    return g.MatMul(tokens, constant(g, [6, 5], 2));
  },
  'a depthwise convolution and what reads it': (g, x) => {
    // The same filter for channels that depend on each other.
    const own = normals([4, 1, 3, 3], 2);
    const kernels = floats([6, 1, 3, 3], [...own.data, ...own.data.subarray(0, 18)]);
    const deep = g.Conv(relu(g, x), g.constant(kernels), null, { group: 6, pads: [1, 1, 1, 1] });
    return g.Conv(g.Relu(deep), constant(g, [5, 6, 1, 1], 3));
  },
};

describe('reconstruction', () => {
  it.each(Object.entries(readers))('gives back what dependent channels did for %s', async (_, body) => {
    const original = network(body);
    const { graph: pruned, keptFilters } = without(original, { wide: [4, 5] });
    await expect(verifyEquivalent(original, pruned, { executor: onnxruntime })).rejects.toThrow(
      'relative error',
    );
    const options = { original, pruned, keptFilters, calibration, executor: onnxruntime, ridge: 1e-10 };
    const { graph, layers } = await reconstruct(options);
    expect(layers).toHaveLength(1);
    expect(layers[0]!.errorBefore).toBeGreaterThan(1e-2);
    expect(layers[0]!.errorAfter).toBeLessThan(1e-8);
    await verifyEquivalent(original, graph, { executor: onnxruntime, tolerance: 1e-3 });
  });

  it('goes on from layers that it has fit, filters gone from them too', async () => {
    const original = network((g, x) => {
      const second = redundant(g, relu(g, x), 'second', 7);
      const active = g.Relu(second);
      return g.named('last').Conv(active, constant(g, [5, 6, 3, 3], 2));
    });
    const { graph: pruned, keptFilters } = without(original, { wide: [4, 5], second: [0, 5] });
    const { graph, layers } = await reconstruct({
      original,
      pruned,
      keptFilters,
      calibration,
      executor: onnxruntime,
      ridge: 1e-10,
    });
    expect(layers.map(({ name }) => name)).toEqual(['second (Conv)', 'last (Conv)']);
    await verifyEquivalent(original, graph, { executor: onnxruntime, tolerance: 1e-3 });
  });
});

describeExecutors('reconstruction', (executor) => {
  it('brings the output nearer to the original on new images', async () => {
    const original = plainNetwork({ size: 9, widths: [16, 16] });
    const { graph: pruned, keptFilters } = without(original, {
      conv1: [0, 3, 5, 8, 9, 13],
      conv2: [1, 2, 4, 10],
    });
    const { graph, layers } = await reconstruct({ original, pruned, keptFilters, calibration, executor });
    expect(layers.every(({ errorBefore, errorAfter }) => errorAfter < errorBefore)).toBe(true);
    const images = normals([50, ...image], 77);
    const [wanted, cut, fit] = await Promise.all(
      [original, pruned, graph].map((each) => outputOf(each, images)),
    );
    const distance = (a: Float32Array) => a.reduce((sum, y, i) => sum + (y - wanted![i]!) ** 2, 0);
    expect(distance(fit!)).toBeLessThan(0.3 * distance(cut!));
  });
});

describe('reconstruction leaves alone', () => {
  const run = (original: Graph, { graph: pruned, keptFilters }: ReturnType<typeof without>) =>
    reconstruct({ original, pruned, keptFilters, calibration, executor: onnxruntime });

  it('a layer that no fit makes better', async () => {
    const original = network((g, x) => {
      const weight = normals([5, 6, 1, 1], 2);
      // Channel 3 is not used.
      const unused = floats(
        weight.shape,
        weight.data.map((w, i) => (i % 6 === 3 ? 0 : w)),
      );
      const wide = relu(g, x);
      return g.named('exact').Conv(wide, g.constant(unused));
    });
    const pruned = without(original, { wide: [3] });
    const { graph, layers, skipped } = await run(original, pruned);
    expect(layers).toEqual([]);
    expect(skipped[0]!.name).toBe('exact (Conv)');
    expect(skipped[0]!.reason).toMatch(/^the fit would leave an error of .* where there is /);
    await verifyEquivalent(pruned.graph, graph, { executor: onnxruntime });
  });

  it('layers whose filters nobody can tell, of computed bias, and of too many inputs', async () => {
    const original = network((g, x) => {
      const wide = relu(g, x);
      const narrow = g.named('narrow').Conv(wide, constant(g, [5, 6, 1, 1], 2));
      const shifted = g.named('shifted').Conv(narrow, constant(g, [40, 5, 1, 1], 3), constant(g, [40], 4));
      const flat = g.Flatten(shifted);
      return g.named('large').Gemm(flat, constant(g, [3240, 2], 3));
    });
    const { graph } = without(original, { wide: [4], narrow: [0], shifted: [1] });
    graph.nodes.find(({ name }) => name === 'shifted')!.inputs[2] = graph.inputs[0]!;
    const { skipped, layers } = await run(original, { graph, keptFilters: new Map() });
    expect(layers).toEqual([]);
    expect(skipped).toEqual([
      { name: 'narrow (Conv)', reason: 'which of its filters are left is not known' },
      { name: 'shifted (Conv)', reason: 'its bias is no constant of one number a filter' },
      { name: 'large (Gemm)', reason: 'expected at most 2400 inputs to a filter, found 3159' },
    ]);
  });

  it('is refused without images', async () => {
    const original = plainNetwork();
    const none = { ...calibration, batches: [] };
    const options = { original, pruned: original, keptFilters: new Map(), executor: onnxruntime };
    await expect(reconstruct({ ...options, calibration: none })).rejects.toThrow('expected --data');
  });
});
