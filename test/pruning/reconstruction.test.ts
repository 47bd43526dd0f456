import { describe, expect, it } from 'vitest';
import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import { type PruneOptions, prune, tensorData } from '../../src/index.ts';
import { filled, floats } from '../../src/numeric/tensor.ts';
import { reconstruct } from '../../src/pruning/recovery/reconstruct.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { describeExecutors } from '../support/executors.ts';
import {
  calibration,
  constant,
  image,
  network,
  redundant,
  relu,
  without,
} from '../support/redundant-network.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork } from '../support/small-network.ts';

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

  it.each(['places', 'targets', 'taps'])('fits layers of a network with a value named %s', async (name) => {
    const original = network((g, x) => g.Conv(g.named(name).Relu(relu(g, x)), constant(g, [5, 6, 3, 3], 2)));
    const { graph: pruned, keptFilters } = without(original, { wide: [4, 5] });
    const options = { original, pruned, keptFilters, calibration, executor: onnxruntime, ridge: 1e-10 };
    const { graph } = await reconstruct(options);
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

  it('fits layers that kept their inputs, but read other values', async () => {
    const original = network((g, x) => {
      const wide = g.Relu(g.named('free').Conv(x, constant(g, [12, 3, 3, 3], 1)));
      const narrow = g.Relu(g.named('narrow').Conv(wide, constant(g, [6, 12, 1, 1], 2)));
      return g.named('behind').Conv(narrow, constant(g, [4, 6, 3, 3], 3));
    });
    const { graph: pruned, keptFilters } = without(original, { free: [1, 4, 7] });
    const options = { original, pruned, keptFilters, calibration, executor: onnxruntime };
    const { layers } = await reconstruct(options);
    expect(layers.map(({ name }) => name)).toEqual(['narrow (Conv)', 'behind (Conv)']);
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

describe('reconstruction after recalibration', () => {
  it('starts from the cut, whose statistics are those of the original', async () => {
    const joined = network((g, x) => {
      const wide = relu(g, x);
      const parts = [2, 3].map((seed) => g.Relu(redundant(g, wide, `part${seed}`, seed)));
      const both = g.Concat(parts[0]!, parts[1]!, { axis: 1 });
      const [scale, shift, mean, variance] = [1, 0.2, 0.4, 2].map((value) => g.constant(filled([12], value)));
      const y = g.BatchNormalization(both, scale!, shift!, mean!, variance!);
      return g.Conv(g.Relu(y), constant(g, [4, 12, 3, 3], 5));
    });
    const [train, test] = [8, 9].map((seed) => ({ images: normals([64, ...image], seed) }));
    const data = tensorData({ train: train!, test: test! });
    const options = { ratio: 0.5, round: 1, data } as const;
    const [alone, after] = await Promise.all(
      [['reconstruct'], ['recalibrate', 'reconstruct']].map((recover) =>
        prune(joined, { ...options, recover } as PruneOptions),
      ),
    );
    await verifyEquivalent(alone!.graph, after!.graph, { executor: onnxruntime });
  });
});
