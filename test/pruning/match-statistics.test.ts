import fc from 'fast-check';
import { expect, it } from 'vitest';
import { recalibrate } from '../../src/calibration/recalibrate.ts';
import type { Builder } from '../../src/graph/builder.ts';
import type { Graph, Value } from '../../src/graph/graph.ts';
import { filled, floats } from '../../src/numeric/tensor.ts';
import { zip } from '../../src/numeric/zip.ts';
import { statisticsReference } from '../../src/pruning/recovery/match-statistics.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { channelMoments } from '../support/channel-moments.ts';
import { describeExecutors, expectNear } from '../support/executors.ts';
import { calibrationOf } from '../support/layer-scores.ts';
import { randomResidualNetworks } from '../support/random-residual-network.ts';
import { calibration, constant, image, network, without } from '../support/redundant-network.ts';
import { framedResidualNetwork } from '../support/residual-network.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { convolutionLayer, killFilters, residualNetwork } from '../support/small-network.ts';

/** Two layers read together, behind a BatchNormalization of both. */
function concatenated(g: Builder, x: Value): Value {
  const [a, b] = [1, 2].map((seed) => g.Relu(convolutionLayer(g, x, `part${seed}`, { filters: 6, seed })));
  const joined = g.Concat(a!, b!, { axis: 1 });
  const parts = [1, 0.2, 0.4, 2].map((value) => g.constant(filled([12], value)));
  const [scale, shift, mean, variance] = parts as [Value, Value, Value, Value];
  const y = g.named('joined').BatchNormalization(joined, scale, shift, mean, variance);
  return g.named('behind').Conv(g.Relu(y), constant(g, [4, 12, 3, 3], 5));
}

describeExecutors('matched statistics', (executor) => {
  const context = { calibration, executor };

  it('are those of the original where nothing was cut', async () => {
    // It stores means of 0 and variances of 1, whatever its images give.
    const original = residualNetwork({ size: 9 });
    const reference = await statisticsReference(original, context);
    const graph = await reference.match(original, new Map());
    await verifyEquivalent(original, graph, { executor: onnxruntime });
    const measured = await recalibrate(original, context);
    await expect(verifyEquivalent(original, measured, { executor: onnxruntime })).rejects.toThrow(
      'relative error',
    );
  });

  it.each([
    ['a block', residualNetwork({ size: 9 }), { 'block.conv1': [0, 3, 8] }],
    ['a block and what it is added to', residualNetwork({ size: 9 }), { 'block.conv1': [1], stem: [0, 5] }],
    ['layers that are concatenated', network(concatenated), { part1: [2], part2: [0, 4] }],
  ])(
    'are those of the kept channels where channels without effect were cut from %s',
    async (_, given, gone) => {
      for (const [layer, filters] of Object.entries(gone)) killFilters(given, layer, filters);
      const { original, graph: cut, keptPlaces } = without(given, gone);
      const reference = await statisticsReference(original, context);
      const graph = await reference.match(cut, keptPlaces);
      await verifyEquivalent(cut, graph, { executor: onnxruntime });
    },
  );

  it('give each channel the mean and variance that it has in the original', async () => {
    const original = network((g, x) => {
      const wide = g.named('wide').Conv(x, constant(g, [8, 3, 1, 1], 1));
      return convolutionLayer(g, g.Relu(wide), 'narrow', { filters: 4, seed: 2 });
    });
    const { graph: cut, keptPlaces } = without(original, { wide: [0, 3, 4] });
    const one = { calibration: calibrationOf(image, [Array.from(images.data)]), executor };
    const graph = await (await statisticsReference(original, one)).match(cut, keptPlaces);
    const [wanted, before, after] = await Promise.all([original, cut, graph].map(outputMoments));
    expectNear(floats([after!.length], after!), wanted!, { tolerance: 1e-4 });
    expect(Math.max(...zip(before!, wanted!).map(([a, b]) => Math.abs(a - b)))).toBeGreaterThan(0.1);
  });

  it('are those of any residual network that keeps all channels', async () => {
    const unchanged = fc.asyncProperty(randomResidualNetworks, async (shape) => {
      const blocks = shape.blocks.map((block) => ({
        ...block,
        layers: block.layers.map((layer) => ({ ...layer, normalized: true })),
      }));
      const original = framedResidualNetwork({ ...shape, blocks, size: 9 });
      const graph = await (await statisticsReference(original, context)).match(original, new Map());
      await verifyEquivalent(original, graph, { executor: onnxruntime });
    });
    await fc.assert(unchanged, { numRuns: 10, seed: 5 });
  });
});

const images = normals([20, ...image], 7);

/** The means of all channels of the output, then their variances. */
async function outputMoments(graph: Graph): Promise<number[]> {
  const channels = channelMoments(await outputOf(graph, images), 20, 4);
  return [...channels.map(({ mean }) => mean), ...channels.map(({ squares, count }) => squares / count)];
}
