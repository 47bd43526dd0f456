import { describe, expect, it } from 'vitest';
import { recalibrate } from '../../src/calibration/recalibrate.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { cloneGraph } from '../../src/graph/clone.ts';
import { emptyGraph, type Graph, type Node, type Value } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { adoptStatistics } from '../../src/pruning/recovery/adopt-statistics.ts';
import { insertBatchNormalization } from '../../src/pruning/recovery/insert-batch-normalization.ts';
import { foldBatchNormalization, verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { channelMoments } from '../support/channel-moments.ts';
import { describeExecutors, expectNear } from '../support/executors.ts';
import { calibrationOf } from '../support/layer-scores.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { convolutionLayer, plainNetwork, residualNetwork } from '../support/small-network.ts';

const image = [3, 8, 8] as const;
const batches = [5, 6].map((seed) => Array.from(normals([4, ...image], seed).data));
const calibration = calibrationOf(image, batches);

/** The network up to a value, as its output. */
function upTo(given: Graph, name: string): Graph {
  const graph = cloneGraph(given);
  graph.outputs = [graph.nodes.flatMap(({ outputs }) => outputs).find((value) => value?.name === name)!];
  return graph;
}

const gives = (node: Node, name: string) => node.outputs[0]?.name === name;
const statistic = (graph: Graph, name: string) =>
  graph.nodes
    .find((node) => gives(node, name))!
    .inputs.slice(3)
    .map((value) => value!.tensor!);

describeExecutors('recalibration', (executor) => {
  it('takes the means, over batches, of the mean and unbiased variance of what a layer gives', async () => {
    const network = plainNetwork({ widths: [3, 4] });
    const graph = await recalibrate(network, { calibration, executor });
    const outputs = await Promise.all(
      batches.map((numbers) => outputOf(upTo(network, 'conv1'), floats([4, ...image], numbers))),
    );
    const [first, second] = outputs.map((data) => channelMoments(data, 4, 3));
    const [mean, variance] = statistic(graph, 'conv1.bn');
    const average = (of: (moment: (typeof first & object)[number]) => number) =>
      first!.map((moment, c) => (of(moment) + of(second![c]!)) / 2);
    expectNear(
      mean!,
      average((moment) => moment.mean),
      { tolerance: 1e-4 },
    );
    expectNear(
      variance!,
      average(({ squares, count }) => squares / (count - 1)),
      { tolerance: 1e-4 },
    );
  });

  it('makes later layers see what earlier ones give when they normalise by the batch', async () => {
    // Of one batch, recalibrated layers give what training gives, but for n/(n − 1): so μ of the second fits at once.
    const one = calibrationOf(image, [batches[0]!]);
    const graph = await recalibrate(plainNetwork({ widths: [3, 4] }), { calibration: one, executor });
    const data = await outputOf(upTo(graph, 'conv2'), floats([4, ...image], batches[0]!));
    const [mean] = statistic(graph, 'conv2.bn');
    expectNear(
      mean!,
      channelMoments(data, 4, 4).map((moment) => moment.mean),
      { tolerance: 2e-2 },
    );
  });
});

describe('recalibration', () => {
  it('leaves the given network and what has no BatchNormalization alone', async () => {
    const network = plainNetwork();
    const before = cloneGraph(network);
    await recalibrate(network, { calibration, executor: onnxruntime });
    await verifyEquivalent(before, network, { executor: onnxruntime });
    const folded = foldBatchNormalization(network).graph;
    const graph = await recalibrate(folded, { calibration, executor: onnxruntime });
    await verifyEquivalent(folded, graph, { executor: onnxruntime });
  });

  it('is refused where a batch is one element a channel', async () => {
    const one = calibrationOf([3, 1, 1], [[1, 2, 3]]);
    await expect(
      recalibrate(plainNetwork({ size: 1 }), { calibration: one, executor: onnxruntime }),
    ).rejects.toThrow(
      'conv1.bn (BatchNormalization): expected batches with more than one element per channel for recalibration',
    );
  });
});

describeExecutors('inserted BatchNormalization', (executor) => {
  it('changes nothing, and gives a unit normal channel its own scale back', async () => {
    const folded = foldBatchNormalization(residualNetwork()).graph;
    const { graph, inserted } = await insertBatchNormalization(folded, { calibration, executor });
    expect(inserted).toBe(3);
    await verifyEquivalent(folded, graph, { executor: onnxruntime });
    // Over all calibration images, of both batches at once, each channel is β = μ and γ² = σ².
    const data = await outputOf(upTo(folded, 'stem.bn'), floats([8, ...image], batches.flat()));
    const [scale, shift] = graph.nodes
      .find((node) => gives(node, 'stem.bn'))!
      .inputs.slice(1)
      .map((value) => value!.tensor!);
    const expected = channelMoments(data, 8, 8);
    expectNear(
      shift!,
      expected.map(({ mean }) => mean),
      { tolerance: 1e-4 },
    );
    expectNear(
      scale!,
      expected.map(({ squares, count }) => Math.sqrt(squares / count + 1e-5)),
      { tolerance: 1e-4 },
    );
  });

  it('is a starting point that training keeps: normalising by a batch of all images gives the same', async () => {
    const all = calibrationOf(image, [batches.flat()]);
    const folded = foldBatchNormalization(plainNetwork()).graph;
    const { graph } = await insertBatchNormalization(folded, { calibration: all, executor });
    const again = await recalibrate(graph, { calibration: all, executor });
    const [mean, variance] = statistic(graph, 'conv2.bn');
    const [sameMean, sameVariance] = statistic(again, 'conv2.bn');
    expectNear(sameMean!, mean!.data as Float32Array, { tolerance: 1e-3 });
    expectNear(sameVariance!, variance!.data as Float32Array, { tolerance: 2e-2 });
  });
});

describeExecutors('adopted statistics', (executor) => {
  it('change nothing, and are what a batch of all images has', async () => {
    const all = calibrationOf(image, [batches.flat()]);
    // Its statistics are 0 and 1, whatever its images give.
    const network = residualNetwork();
    const graph = await adoptStatistics(network, { calibration: all, executor });
    await verifyEquivalent(network, graph, { executor: onnxruntime });
    const again = await recalibrate(graph, { calibration: all, executor });
    for (const name of ['stem.bn', 'block.conv1.bn', 'block.conv2.bn']) {
      const [mean, variance] = statistic(graph, name);
      const [sameMean, sameVariance] = statistic(again, name);
      expectNear(sameMean!, mean!.data as Float32Array, { tolerance: 1e-3 });
      expectNear(sameVariance!, variance!.data as Float32Array, { tolerance: 2e-2 });
    }
    expect(statistic(network, 'block.conv2.bn')[1]!.data).not.toEqual(
      statistic(graph, 'block.conv2.bn')[1]!.data,
    );
  });
});

describe('BatchNormalization is not inserted', () => {
  const insert = (graph: Graph) => insertBatchNormalization(graph, { calibration, executor: onnxruntime });
  const network = (body: (g: Builder, x: Value) => Value) => {
    const graph = emptyGraph('network');
    const g = builderOf(graph);
    g.output(body(g, g.input('x', 'float32', ['N', ...image])), 'y');
    return graph;
  };
  const conv = (g: Builder, x: Value, seed: number) =>
    g.Conv(x, g.constant(normals([4, Number(x.shape![1]), 1, 1], seed)));

  it('behind layers that have it, outputs and gates', async () => {
    const normalized = network((g, x) => g.Relu(convolutionLayer(g, x, 'conv', { filters: 4, seed: 1 })));
    expect((await insert(normalized)).inserted).toBe(0);
    expect((await insert(network((g, x) => conv(g, x, 1)))).inserted).toBe(0);
    const gated = network((g, x) => {
      const wide = conv(g, x, 1);
      return g.Mul(wide, g.Sigmoid(conv(g, g.GlobalAveragePool(wide), 2)));
    });
    expect((await insert(gated)).inserted).toBe(1);
  });
});
