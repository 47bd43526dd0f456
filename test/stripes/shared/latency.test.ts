import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../src/graph/graph.ts';
import { costs } from '../../../src/measure/macs.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { stripeController } from '../../../src/stripes/controller.ts';
import { type StripeLayer, stripeLayers } from '../../../src/stripes/layers.ts';
import { latencyCosts } from '../../../src/stripes/shared/latency/costs.ts';
import { measureLatencies } from '../../../src/stripes/shared/latency/measure.ts';
import type { LatencyTable } from '../../../src/stripes/shared/latency/table.ts';
import { normalizeStripes } from '../../../src/stripes/stripe-norms.ts';
import { prepareNetwork } from '../../../src/training/prepare.ts';
import { train } from '../../../src/training/train.ts';
import { normals, outputOf } from '../../support/run-graph.ts';
import { plainNetwork } from '../../support/small-network.ts';
import { trainingOptions } from '../../support/training-options.ts';

/** A machine that takes 0.5 ms to start and 1 ms for a million MACs. */
const byMacs = async (graphs: readonly Graph[]) => graphs.map((graph) => 0.5 + costs(graph).macs / 1e6);

describe('what layers can come to take', () => {
  const network = plainNetwork({ widths: [16, 40], size: 32 });
  const { layers } = stripeLayers(network);

  it('is timed for each size of the kernel and 1, 2, 4 … blocks, without what starting takes', async () => {
    const { networkMs, layers: rows } = await measureLatencies(network, layers, { block: 8, time: byMacs });
    const { conv1, conv2 } = rows;
    expect(networkMs).toBeCloseTo(costs(network).macs / 1e6, 9);
    expect([conv1!.filters, conv2!.filters]).toEqual([
      [8, 16],
      [8, 16, 32, 40],
    ]);
    // 16 channels in, 3 positions of the kernel, 16×16 positions out.
    expect(conv2!.ms['1×3']![2]).toBeCloseTo((32 * 16 * 3 * 256) / 1e6, 9);
    expect(conv2!.ms['2×2']![3]).toBeCloseTo((40 * 16 * 4 * 256) / 1e6, 9);
    expect(conv1!.ms['3×3']![1]).toBeCloseTo((16 * 3 * 9 * 1024) / 1e6, 9);
    expect(Object.keys(conv1!.ms)).toHaveLength(9);
    expect(conv2!.joinMs).toBeCloseTo(0, 9);
  });

  it('adds up to no more than the network takes', async () => {
    const hasty = async (graphs: readonly Graph[]) =>
      (await byMacs(graphs)).map((ms, i) => (graphs[i] === network ? 0.5 + (ms - 0.5) / 2 : ms));
    const { networkMs, layers: rows } = await measureLatencies(network, layers, { block: 8, time: hasty });
    const dense = rows.conv1!.ms['3×3']!.at(-1)! + rows.conv2!.ms['3×3']!.at(-1)!;
    expect(dense).toBeCloseTo(networkMs, 9);
    expect(rows.conv2!.ms['3×3']!.at(-1)! / rows.conv1!.ms['3×3']!.at(-1)!).toBeCloseTo(40 / 12, 6);
  });

  it('takes no longer than what computes more, whatever was timed', async () => {
    const shape = ({ initializers }: Graph) => initializers[0]!.tensor!.shape;
    const disturbed = async (graphs: readonly Graph[]) =>
      (await byMacs(graphs)).map((ms, i) => {
        const isAlone = graphs[i]!.name === 'layer' && graphs[i]!.nodes.every(({ op }) => op === 'Conv');
        const [filters, channels, kH, kW] = isAlone ? shape(graphs[i]!) : [];
        return filters === 16 && channels === 16 && kH === 1 && kW === 2 ? 50 : ms;
      });
    const { layers: rows } = await measureLatencies(network, layers, { block: 8, time: disturbed });
    // 16 filters of 1×3 take the least of all that computes 16 of 1×2.
    expect(rows.conv2!.ms['1×2']![1]).toBeCloseTo(rows.conv2!.ms['1×3']![1]!, 9);
    expect(rows.conv2!.ms['1×2']![2]).toBeCloseTo((32 * 16 * 2 * 256) / 1e6, 9);
  });

  it('is timed on graphs that run', async () => {
    const sizes = new Set<number>();
    await measureLatencies(network, layers, {
      block: 16,
      async time(graphs) {
        for (const graph of graphs) {
          const shape = graph.inputs[0]!.shape!.map((dim) => (typeof dim === 'number' ? dim : 1));
          sizes.add((await outputOf(graph, normals(shape, 1))).length);
        }
        return graphs.map(() => 1);
      },
    });
    const [large, small] = [32 * 32, 16 * 16]; // positions that conv1 and conv2 compute
    const widths = [16 * large, 8 * large, 16 * small, 32 * small, 40 * small, 20 * small];
    expect(sizes).toEqual(new Set([4, 1, ...widths])); // the network, nothing, whole layers and their halves
  });
});

/** Times that hardly fall with the width: 1 ms a position of the kernel for 8 filters, 1.2 ms for 16. */
const table = (joinMs: number): LatencyTable => {
  const sizes = [1, 2, 3].flatMap((kH) => [1, 2, 3].map((kW) => [kH, kW] as const));
  const ms = Object.fromEntries(sizes.map(([kH, kW]) => [`${kH}×${kW}`, [kH * kW, 1.2 * kH * kW]] as const));
  return { networkMs: 30, layers: { conv1: { filters: [8, 16], ms, joinMs } } };
};

describe('the latency of blocks', () => {
  const layer = { name: 'conv1', kernel: [3, 3] } as unknown as StripeLayer;
  const block = (first: number, ...living: number[]) => ({
    places: [...Array(8).keys()].map((m) => first + m),
    living,
  });
  const cost = (joinMs: number, ...blocks: ReturnType<typeof block>[]) =>
    latencyCosts(table(joinMs)).ofLayer(layer, blocks);

  it.each([
    ['blocks of one box are one convolution', 0, [block(0, 3, 4, 5), block(8, 3, 4, 5)], 3.6],
    ['a dead block takes no time', 0, [block(0, 3, 4, 5), block(8)], 3],
    ['boxes far apart are two, and are joined', 0.25, [block(0, 0), block(8, 8)], 2.25],
    ['boxes that overlap are computed in their hull', 0.25, [block(0, 0, 1), block(8, 0, 1, 2)], 3.6],
    ['also where joining is what takes long', 9, [block(0, 0), block(8, 8)], 10.8],
    ['nothing lives', 1, [block(0), block(8)], 0],
  ])('%s', (_, joinMs, blocks, expected) => {
    expect(cost(joinMs, ...blocks)).toBeCloseTo(expected, 9);
  });

  it('ranks by the part of a layer that a millisecond costs, what saves nothing last', () => {
    const { rank } = latencyCosts(table(0));
    const [wide, narrow] = [144, 16].map((ofStripes) => ({ squares: 6, stripes: 3, ofStripes, saved: 2 }));
    expect(rank(narrow!) / rank(wide!)).toBeCloseTo(9, 9);
    expect(rank({ ...wide!, saved: 4 })).toBeLessThan(rank(wide!));
    expect(rank({ ...wide!, saved: -1 })).toBe(Number.POSITIVE_INFINITY);
  });
});

it('leads a run to the part of the latency that is asked for, sides going together where that alone pays', async () => {
  const prepared = await prepareNetwork(plainNetwork({ widths: [16, 12] }), onnxruntime);
  const { network, skeletons } = normalizeStripes(prepared, stripeLayers(prepared).layers);
  const { layers, totalMacs } = stripeLayers(network);
  const controller = stripeController({
    ...{ layers, totalMacs, start: skeletons, pace: 'gradual', alpha: 1e-3, threshold: 0, until: 0.5 },
    ...{ target: 0.8, shared: { block: 8, shapes: 'rectangles', network, costs: latencyCosts(table(9)) } },
  });
  const { state, epochs } = await train(trainingOptions(network, { epochs: 12, controller }));
  // 10.8 of 30 ms are conv1's: 6 have to go, 5 positions of 1.2 ms.
  expect(epochs.at(-1)!.metrics.latencyKept).toBeLessThanOrEqual(0.8);
  const mask = state['conv1.weight.skeleton.mask']!.data as Float32Array;
  const rows = Array.from({ length: 16 }, (_, m) => mask.subarray(9 * m, 9 * m + 9).join(''));
  expect(new Set(rows).size).toBe(1);
  expect([...rows[0]!].filter((bit) => bit === '1').length).toBeLessThanOrEqual(4);
  expect(new Set(state['conv2.weight.skeleton.mask']!.data as Float32Array)).toEqual(new Set([1]));
});
