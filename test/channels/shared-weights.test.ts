import { describe, expect, it } from 'vitest';
import { channelGroups } from '../../src/channels/channel-groups.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { costs } from '../../src/measure/macs.ts';
import { filled, floats } from '../../src/numeric/tensor.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import { costModel } from '../../src/pruning/ranking/cost-model.ts';
import { pruneHalf } from '../support/pruned-halves.ts';
import { normals } from '../support/run-graph.ts';

const pads = { pads: [1, 1, 1, 1] };
const weights = (g: Builder, shape: readonly number[], seed: number) => g.constant(normals(shape, seed, 0.3));

/** Scale, bias and mean of a normalisation of eight channels. */
const affine = (g: Builder, seed: number) =>
  [weights(g, [8], seed), weights(g, [8], seed + 1), weights(g, [8], seed + 2)] as const;

/** A network with an image [1, 3, 16, 16]; the body gives its outputs. */
function graphOf(body: (g: Builder, x: Value) => readonly Value[]): Graph {
  const graph = emptyGraph('shared', 18);
  const g = builderOf(graph);
  body(g, g.input('x', 'float32', [1, 3, 16, 16])).forEach((value, i) => {
    g.output(value, `y${i}`);
  });
  return graph;
}

/** Maps of three sizes. */
function pyramid(g: Builder, x: Value): Value[] {
  const stem = g.Relu(g.named('stem').Conv(x, weights(g, [8, 3, 3, 3], 1), weights(g, [8], 2), pads));
  const half = g.MaxPool(stem, { kernel_shape: [2, 2], strides: [2, 2] });
  return [stem, half, g.MaxPool(half, { kernel_shape: [2, 2], strides: [2, 2] })];
}

const pooled = (g: Builder, x: Value) => g.Flatten(g.GlobalAveragePool(x));

/** Networks in which weights are shared, each with the layers that must be half as wide. */
const networks: Readonly<Record<string, (g: Builder, x: Value) => readonly Value[]>> = {
  'a head over the levels of a pyramid': (g, x) => {
    const [a, b, out] = [weights(g, [8, 8, 3, 3], 3), weights(g, [8], 4), weights(g, [2, 8, 1, 1], 5)];
    return pyramid(g, x).map((level) =>
      g.Conv(g.Relu(g.Conv(g.Relu(g.Conv(level, a, b, pads)), a, b, pads)), out),
    );
  },
  'a head with a normalisation of its own for each level': (g, x) => {
    const [a, out] = [weights(g, [8, 8, 3, 3], 3), weights(g, [2, 8, 1, 1], 5)];
    return pyramid(g, x).map((level, i) => {
      const bn = affine(g, 10 * i);
      return g.Conv(
        g.Relu(g.BatchNormalization(g.Conv(level, a, null, pads), ...bn, g.constant(filled([8], 0.7)))),
        out,
      );
    });
  },
  'a head with one normalisation for all levels': (g, x) => {
    const [a, out] = [weights(g, [8, 8, 3, 3], 3), weights(g, [2, 8, 1, 1], 5)];
    const bn = affine(g, 30);
    const variance = g.constant(filled([8], 0.7));
    return pyramid(g, x).map((level) =>
      g.Conv(g.Relu(g.BatchNormalization(g.Conv(level, a, null, pads), ...bn, variance)), out),
    );
  },
  'a depthwise convolution and a slope for several layers': (g, x) => {
    const [d, slope] = [weights(g, [8, 1, 3, 3], 3), weights(g, [8, 1, 1], 4)];
    return pyramid(g, x).map((level, i) => {
      const own = g.Conv(level, weights(g, [8, 8, 1, 1], 40 + i));
      return g.Conv(
        g.PRelu(g.Conv(own, d, null, { ...pads, group: 8 }), slope),
        weights(g, [2, 8, 1, 1], 50 + i),
      );
    });
  },
  'transposed convolutions': (g, x) => {
    const [up, out] = [weights(g, [8, 6, 2, 2], 3), weights(g, [2, 6, 1, 1], 5)];
    return pyramid(g, x).map((level) =>
      g.Conv(g.Relu(g.ConvTranspose(level, up, null, { strides: [2, 2] })), out),
    );
  },
  'matrices of two trunks': (g, x) => {
    const [m, n] = [weights(g, [8, 12], 3), weights(g, [5, 12], 4)];
    const bias = weights(g, [12], 6);
    return pyramid(g, x).map((level) =>
      g.Gemm(g.Relu(g.Add(g.MatMul(pooled(g, level), m), bias)), n, null, { transB: 1 }),
    );
  },
};

const elements = (graph: Graph) =>
  graph.initializers.reduce((sum, { tensor }) => sum + tensor!.data.length, 0);

describe('weights that are shared stay shared:', () => {
  it.each(Object.entries(networks))('%s', async (_name, body) => {
    const given = graphOf(body);
    const { graph, removed, error } = await pruneHalf(given);
    expect(error).toBeLessThan(1e-5);
    expect(removed.size).toBeGreaterThan(3);
    expect(graph.initializers.length).toBe(given.initializers.length);
    expect(elements(graph)).toBeLessThan(0.62 * elements(given));
    expect(serializeModel(graph).byteLength).toBeLessThan(serializeModel(given).byteLength);
  });

  it.each(Object.entries(networks))(
    'the plan counts the parameters that the result has: %s',
    async (_name, body) => {
      const { before, graph, removed } = await pruneHalf(graphOf(body));
      const { without, whole } = costModel(before, channelGroups(before).found);
      expect(whole).toEqual({ macs: costs(before).macs, parameters: costs(before).parameters });
      expect(without(removed).parameters).toBe(costs(graph).parameters);
    },
  );
});

it('two images through one trunk: a Siamese network', async () => {
  const graph = emptyGraph('siamese', 18);
  const g = builderOf(graph);
  const [a, b] = [weights(g, [8, 3, 3, 3], 1), weights(g, [6, 8, 3, 3], 2)];
  const trunk = (name: string) =>
    pooled(g, g.Relu(g.Conv(g.Relu(g.Conv(g.input(name, 'float32', [1, 3, 8, 8]), a)), b)));
  g.output(
    g.Gemm(g.Abs(g.Sub(trunk('left'), trunk('right'))), weights(g, [1, 6], 3), null, { transB: 1 }),
    'y',
  );
  const pruned = await pruneHalf(graph);
  expect(pruned.error).toBeLessThan(1e-5);
  expect(pruned.graph.initializers.map(({ tensor }) => tensor!.shape)).toEqual([
    [4, 3, 3, 3],
    [3, 4, 3, 3],
    [1, 3],
  ]);
});

describe('channels stay where the uses of a shared weight cannot agree:', () => {
  const cases: Readonly<Record<string, [body: (g: Builder, x: Value) => readonly Value[], reason: RegExp]>> =
    {
      'one use is an output': [
        (g, x) => {
          const a = weights(g, [8, 8, 3, 3], 3);
          const [stem] = pyramid(g, x) as [Value];
          return [g.Conv(g.Relu(g.Conv(stem, a, null, pads)), a, null, pads)];
        },
        /it is an output of the network/,
      ],
      'it is an output itself': [
        (g, x) => {
          const a = weights(g, [8, 8, 1, 1], 3);
          return [g.Conv(g.Conv(pyramid(g, x)[0]!, a), weights(g, [2, 8, 1, 1], 4)), a];
        },
        /it shares .* with the output of the network/,
      ],
      'one use reads it transposed': [
        (g, x) => {
          const m = weights(g, [8, 40], 3);
          const wide = g.Relu(g.MatMul(pooled(g, pyramid(g, x)[0]!), m));
          return [g.Gemm(g.Gemm(wide, g.Transpose(m, { perm: [1, 0] })), weights(g, [8, 2], 6))];
        },
        /it shares .* with Transpose/,
      ],
      'one use reads the image': [
        (g, x) => {
          const a = weights(g, [3, 3, 3, 3], 3);
          return [
            g.Conv(
              g.Relu(g.Conv(g.Relu(g.Conv(x, a, null, pads)), a, null, pads)),
              weights(g, [2, 3, 1, 1], 4),
            ),
          ];
        },
        /it shares .* with .*Conv\), which cannot be sliced alike/,
      ],
    };

  it.each(Object.entries(cases))('%s', async (_name, [body, reason]) => {
    const given = graphOf(body);
    const { graph, groups, error } = await pruneHalf(given);
    expect(error).toBeLessThan(1e-5);
    expect(groups.flatMap(({ reasons }) => [...reasons.values()])).toContainEqual(
      expect.stringMatching(reason),
    );
    expect(elements(graph)).toBeLessThanOrEqual(elements(given));
  });

  it('an embedding that is looked up and multiplied by', async () => {
    const graph = emptyGraph('tied', 18);
    const g = builderOf(graph);
    const table = weights(g, [10, 8], 1);
    const looked = g.Gather(table, g.input('ids', 'int64', [1, 4]));
    const hidden = g.Relu(g.MatMul(looked, weights(g, [8, 12], 2)));
    const flat = g.Reshape(g.MatMul(hidden, weights(g, [12, 8], 3)), g.int64s([4, 8]));
    g.output(g.Gemm(flat, table, null, { transB: 1 }), 'y');
    const pruned = await pruneHalf(graph);
    expect(pruned.error).toBeLessThan(1e-5);
    expect(pruned.graph.initializers.filter(({ tensor }) => tensor!.shape.join() === '10,8')).toHaveLength(1);
    expect(elements(pruned.graph)).toBeLessThan(elements(graph));
  });
});

it('a vector of zeros that exporters stored once for all layers couples none of them', async () => {
  const body = (g: Builder, x: Value) => {
    const zeros = g.constant(floats([8], new Float32Array(8)));
    const layer = (from: Value, seed: number, inputs: number) =>
      g.Relu(g.Conv(from, weights(g, [8, inputs, 3, 3], seed), zeros, pads));
    return [layer(layer(layer(x, 1, 3), 2, 8), 3, 8)];
  };
  const given = graphOf(body);
  const { graph, before, removed, groups, error } = await pruneHalf(given);
  expect(groups).toHaveLength(3);
  expect(error).toBeLessThan(1e-5);
  const biases = new Set(graph.nodes.flatMap(({ op, inputs }) => (op === 'Conv' ? [inputs[2]] : [])));
  expect([...biases].map((value) => value!.tensor!.shape[0]).sort()).toEqual([4, 8]);
  const { without } = costModel(before, channelGroups(before).found);
  expect(without(removed).parameters).toBe(costs(graph).parameters);
});
