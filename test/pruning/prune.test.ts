import { describe, expect, test } from 'vitest';
import {
  builderOf,
  type Criterion,
  costs,
  emptyGraph,
  type Graph,
  prune,
  scoreEach,
  tensorData,
} from '../../src/index.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { classifier, convolutionLayer } from '../support/small-network.ts';
import { syntheticImages } from '../support/synthetic-images.ts';

/** Two convolutions of 16 filters on images [N, 3, 8, 8] of four classes. */
function network(): Graph {
  const graph = emptyGraph('small');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', ['N', 3, 8, 8]);
  const a = g.Relu(convolutionLayer(g, x, 'first', { filters: 16, seed: 1 }));
  const b = g.Relu(convolutionLayer(g, a, 'second', { filters: 16, seed: 2 }));
  g.output(classifier(g, b, 4), 'scores');
  return graph;
}

/** Images as float32 tensors that the network takes as they are. */
function tensors(count: number, seed: number) {
  const source = syntheticImages({ count, size: 8, channels: 3, classes: 4, seed });
  const pixels = new Uint8Array(count * 192);
  for (let i = 0; i < count; i++) source.read(i, pixels.subarray(i * 192, (i + 1) * 192));
  const images = floats(
    [count, 3, 8, 8],
    Float32Array.from(pixels, (x) => (x - 127) / 64),
  );
  return { images, labels: source.labels };
}

const filtersOf = (graph: Graph): unknown[] =>
  graph.nodes.filter(({ op }) => op === 'Conv').map(({ inputs }) => inputs[1]!.tensor!.shape[0]);

describe('prune', () => {
  test('keeps a part of the MACs, and proves each cut', async () => {
    const given = network();
    const { graph, before, after, met, error } = await prune(given, { macs: 0.5, round: 1 });
    expect(met).toBe(true);
    expect(error).toBeLessThan(1e-5);
    expect(before.macs).toBe(costs(given).macs);
    expect(costs(graph).macs).toBe(after.macs);
    expect(after.macs / before.macs).toBeGreaterThan(0.4);
    expect(after.macs / before.macs).toBeLessThanOrEqual(0.5);
  });

  test('retrains on tensors in several steps', async () => {
    const data = tensorData({ train: tensors(64, 1), test: tensors(32, 2) });
    const stages: string[] = [];
    const { graph, steps } = await prune(network(), {
      ratio: 0.5,
      round: 4,
      steps: 2,
      data,
      epochs: 6,
      training: { batch: 16, learningRate: 0.05, threads: 1 },
      onStage: ({ stage }, step) => stages.push(`${step} ${stage}`),
    });
    expect(filtersOf(graph)).toEqual([8, 8]);
    expect(steps.map(({ epochs }) => epochs.length)).toEqual([3, 3]);
    expect(stages).toEqual(
      [1, 2].flatMap((step) => [`${step} cut`, `${step} recalibrate`, `${step} retrained`]),
    );
    const [cut] = steps[0]!.stages;
    const last = steps[1]!.stages.at(-1)!;
    expect(last.loss).toBeLessThan(cut!.loss!);
  });

  test("takes a criterion of the caller's own", async () => {
    // The first filters have the lowest scores.
    const byPlace: Criterion = {
      name: 'place',
      needs: 'weights',
      sides: ['filters'],
      score: ({ layers }) =>
        scoreEach(layers, (_, { count }) => Float64Array.from({ length: count }, (_, i) => i)),
    };
    const given = network();
    const { graph } = await prune(given, { ratio: 0.5, criterion: byPlace });
    const kept = graph.nodes.find(({ op }) => op === 'Conv')!.inputs[1]!.tensor!.data;
    const whole = given.nodes.find(({ op }) => op === 'Conv')!.inputs[1]!.tensor!.data as Float32Array;
    expect(kept).toEqual(whole.subarray(whole.length / 2));
  });

  test.each([
    [{}, 'expected one of `ratio`, `macs`, `parameters` and `latency`, found none'],
    [{ ratio: 0.5, epochs: 2 }, '`epochs` needs `data`'],
    [{ ratio: 0.5, granularity: 'stripe', criterion: 'taylor' }, '`granularity` stripe requires `criterion`'],
  ] as const)('refuses %j', async (options, message) => {
    await expect(prune(network(), options)).rejects.toThrow(message);
  });
});
