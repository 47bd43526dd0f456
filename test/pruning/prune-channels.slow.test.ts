import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { costs } from '../../src/measure/macs.ts';
import { buildModel } from '../../src/models/index.ts';
import { prepareChannels } from '../../src/pruning/prepared-network.ts';
import { type ChannelPruningOptions, planChannels, pruneChannels } from '../../src/pruning/prune-channels.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

const common = {
  executor: onnxruntime,
  criterion: 'l1-norm',
  side: 'filters',
  normalize: 'mean',
  reduce: 'mean',
  scope: 'local',
  round: 1,
  floor: 0,
  layerRatios: [],
  seed: 1,
  calibration: null,
} as const;

const prune = (
  graph: Graph,
  options: Partial<ChannelPruningOptions> & Pick<ChannelPruningOptions, 'target'>,
) => pruneChannels(graph, { ...common, ...options });

/** Attention with three heads, a gate, a depthwise convolution and a Gemm after Flatten. */
function mixture(): Graph {
  const graph = emptyGraph('mixture');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', ['N', 6, 8, 8]);
  const conv = (name: string, input: Value, [filters, channels, kernel, group]: readonly number[]) => {
    const weight = g.constant(normals([filters!, channels!, kernel!, kernel!], filters!, 0.3));
    const pad = (kernel! - 1) / 2;
    return g.named(name).Conv(input, weight, null, { group: group!, pads: [pad, pad, pad, pad] });
  };
  const wide = g.Relu(conv('wide', x, [24, 6, 1, 1]));
  const deep = conv('deep', wide, [24, 1, 3, 24]);
  const gate = g.Sigmoid(
    conv('excite', g.Relu(conv('squeeze', g.GlobalAveragePool(deep), [8, 24, 1, 1])), [24, 8, 1, 1]),
  );
  const tokens = g.Transpose(
    g.Reshape(conv('narrow', g.Mul(deep, gate), [12, 24, 1, 1]), g.int64s([0, 12, 64])),
    {
      perm: [0, 2, 1],
    },
  );
  const heads = (name: string, seed: number) =>
    g.Transpose(
      g.Reshape(
        g.named(name).MatMul(tokens, g.constant(normals([12, 12], seed, 0.5))),
        g.int64s([0, 64, 3, 4]),
      ),
      { perm: [0, 2, 1, 3] },
    );
  const attention = g.Softmax(g.MatMul(heads('q', 1), g.Transpose(heads('k', 2), { perm: [0, 1, 3, 2] })), {
    axis: -1,
  });
  const mixed = g.Reshape(
    g.Transpose(g.MatMul(attention, heads('v', 3)), { perm: [0, 2, 1, 3] }),
    g.int64s([0, 64, 12]),
  );
  const flat = g.Flatten(g.named('out').MatMul(mixed, g.constant(normals([12, 4], 4, 0.5))));
  g.output(g.named('head').Gemm(flat, g.constant(normals([10, 256], 9, 0.1)), null, { transB: 1 }), 'y');
  return graph;
}

const networks: Record<string, () => Graph> = {
  resnet20: () => buildModel('resnet20'),
  'resnet20-b': () => buildModel('resnet20-b'),
  'attention, a gate and a depthwise convolution': mixture,
};

describe('the cost of a plan', () => {
  it.each(Object.entries(networks))('is that of the network that is cut: %s', async (_name, build) => {
    const pruned = await prune(build(), { target: { measure: 'ratio', fraction: 0.45 }, scope: 'global' });
    const { macs, parameters } = costs(pruned.graph);
    expect(pruned.cost.after).toEqual({ macs, parameters });
    expect(macs).toBeLessThan(costs(build()).macs);
  });
});

describe('targets', () => {
  it.each([
    ['macs', 'local', 0.5, 1],
    ['macs', 'global', 0.3, 8],
    ['parameters', 'local', 0.7, 1],
    ['parameters', 'global', 0.25, 8],
    ['macs', 'local', 0.5, 8],
    ['macs', 'global', 0.5, 8],
    ['parameters', 'local', 0.5, 8],
  ] as const)(
    '%s, %s: %f of the original stays, in multiples of %i',
    async (measure, scope, fraction, round) => {
      const network = buildModel('resnet20');
      const { graph, met } = await prune(network, { target: { measure, fraction }, scope, round });
      const part = costs(graph)[measure] / costs(network)[measure];
      expect(met).toBe(true);
      expect(part).toBeLessThanOrEqual(fraction);
      expect(part).toBeGreaterThan(fraction - 0.02);
      const widths = graph.nodes.flatMap(({ op, inputs }) =>
        op === 'Conv' ? [inputs[1]!.tensor!.shape[0]!] : [],
      );
      expect(widths.every((width) => width % round === 0)).toBe(true);
    },
  );

  it('out of reach take all that may go, and say so', async () => {
    const network = buildModel('resnet20');
    const { met, graph } = await prune(network, { target: { measure: 'macs', fraction: 1e-4 }, round: 8 });
    expect(met).toBe(false);
    expect(costs(graph).macs).toBeLessThan(0.3 * costs(network).macs);
  });

  it('that rounding puts out of reach name the step that exceeds them', async () => {
    const graph = emptyGraph('two');
    const g = builderOf(graph);
    const x = g.input('x', 'float32', [1, 3, 4, 4]);
    const weight = (filters: number, channels: number) =>
      g.constant(normals([filters, channels, 1, 1], filters, 1));
    const hidden = g.named('first').Conv(x, weight(16, 3));
    g.output(g.named('second').Conv(hidden, weight(5, 16)), 'y');
    const target = { measure: 'macs', fraction: 0.94 } as const;
    const coarse = await prune(graph, { target, round: 8 });
    expect(coarse.cost.after.macs / coarse.cost.original.macs).toBe(0.5);
    expect(coarse.nextStep).toEqual({ layer: 'first', part: 0.5 });
    const fine = await prune(graph, { target, round: 1 });
    expect(fine.nextStep).toBeUndefined();
  });

  it('of several steps end near the target in costs', async () => {
    const network = buildModel('resnet20');
    const original = await prepareChannels(network, onnxruntime);
    let graph = network;
    for (const fraction of [0.8, 0.6, 0.4]) {
      const step = await prune(graph, { original, round: 8, target: { measure: 'macs', fraction } });
      const part = step.cost.after.macs / original.costs.whole.macs;
      expect(part).toBeLessThanOrEqual(fraction);
      expect(part).toBeGreaterThan(fraction - 0.02);
      graph = step.graph;
    }
  });

  it('of several steps end where one step would', async () => {
    const network = buildModel('resnet20');
    const original = await prepareChannels(network, onnxruntime);
    const options = { original, round: 1, scope: 'local' } as const;
    const half = await prune(network, { ...options, target: { measure: 'ratio', fraction: 0.25 } });
    const twice = await prune(half.graph, { ...options, target: { measure: 'ratio', fraction: 0.5 } });
    const once = await prune(network, { ...options, target: { measure: 'ratio', fraction: 0.5 } });
    expect(costs(twice.graph).macs).toBe(costs(once.graph).macs);
    // Widths are told from the original on.
    expect(twice.units).toEqual(once.units);
  });
});

it('channels that cost more go first where scores are divided by bytes', async () => {
  const network = buildModel('resnet20');
  const target = { measure: 'ratio', fraction: 0.3 } as const;
  const options = { target, scope: 'global', criterion: 'random' } as const;
  const [plain, shared] = [await prune(network, options), await prune(network, { ...options, per: 'bytes' })];
  // The first stage has the largest maps.
  const first = (units: typeof plain.units) =>
    units.filter(({ name }) => name.startsWith('layer1')).reduce((sum, { kept }) => sum + kept, 0);
  expect(first(shared.units)).toBeLessThan(first(plain.units));
});

it('what stays is named with its reason', async () => {
  const graph = buildModel('resnet20');
  const { units } = await planChannels(graph, { ...common, target: { measure: 'ratio', fraction: 0.5 } });
  const held = units.filter(({ reason }) => reason !== undefined);
  expect(held).toEqual([
    { name: 'fc', layers: ['fc'], channels: 10, kept: 10, reason: 'it is an output of the network' },
  ]);
});
