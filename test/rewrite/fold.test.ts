import { describe, expect, test } from 'vitest';
import { buildModel } from '../../src/models/index.ts';
import { type FoldingOptions, foldNetwork } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { type Build, expectSame, graphOf, image, normalised, operatorsOf, weight } from './equivalence.ts';

const padded = { pads: [1, 1, 1, 1] };

async function folded(build: Build, options: Omit<FoldingOptions, 'executor'> = {}) {
  const before = graphOf(build);
  const result = await foldNetwork(before, { executor: onnxruntime, ...options });
  await expectSame(before, result.graph);
  return { ...result, left: operatorsOf(result.graph) };
}

/** A block as RepVGG trains it, its sum normalised once more, then two linear layers. */
const block: Build = (b) => {
  const x = b.Relu(image(b));
  const dense = normalised(b, b.Conv(x, weight(b, 4, 4, 3, 3), null, padded));
  const pointwise = normalised(b, b.Conv(x, weight(b, 4, 4, 1, 1)));
  const sum = normalised(b, b.Add(b.Add(dense, b.Identity(pointwise)), normalised(b, x)));
  const padding = b.int64s([0, 0, 1, 0, 0, 0, 0, 1]);
  const wide = b.Conv(b.Pad(b.Pad(b.Relu(sum), padding), padding), weight(b, 6, 4, 3, 3), weight(b, 6));
  return b.Conv(wide, weight(b, 5, 6, 1, 1), weight(b, 5));
};

describe('all rewrites in turns', () => {
  test('make way for each other', async () => {
    const { left, counts, changed, refusals } = await folded(block);
    expect(left).toEqual(['Relu', 'Conv', 'Relu', 'Conv']);
    expect(counts).toEqual({ leftovers: 1, pad: 2, batchnorm: 3, branches: 1, 'linear-pairs': 1 });
    expect([changed, refusals]).toEqual([8, []]);
  });

  test('of some alone, and what they leave', async () => {
    const { left, counts, refusals } = await folded(block, { only: ['batchnorm'] });
    expect(counts).toEqual({ batchnorm: 2 });
    expect(left.filter((op) => op === 'BatchNormalization')).toHaveLength(2);
    expect(refusals.map(({ reason }) => reason)).toEqual([
      'it follows Relu; it is read by Add',
      'it follows an Add that does not add a bias; it is read by Relu',
    ]);
  });

  test('merge a bottleneck where growth is allowed', async () => {
    const bottleneck: Build = (b) => b.Conv(b.Conv(image(b), weight(b, 1, 4, 1, 1)), weight(b, 4, 1, 1, 1));
    expect((await folded(bottleneck)).refusals[0]!.reason).toMatch(/16 MACs .* instead of 8/);
    expect((await folded(bottleneck, { growth: 2 })).left).toEqual(['Conv']);
  });

  test('find nothing in a network without anything to fold', async () => {
    const { changed, refusals } = await folded((b) =>
      b.Relu(b.Conv(b.Relu(image(b)), weight(b, 4, 4, 3, 3))),
    );
    expect([changed, refusals]).toEqual([0, []]);
  });

  test('every block of RepVGG becomes one convolution', async () => {
    const network = buildModel('repvgg-cifar8');
    const { graph, counts, refusals } = await foldNetwork(network, { executor: onnxruntime });
    expect(operatorsOf(graph).filter((op) => op !== 'Conv' && op !== 'Relu')).toEqual([
      'GlobalAveragePool',
      'Flatten',
      'Gemm',
    ]);
    expect([counts.branches, refusals]).toEqual([7, []]);
    await expectSame(network, graph);
  });
});
