import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowerStripes, type StripeForm } from '../../src/deploy/forms/index.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { cloneGraph } from '../../src/graph/clone.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { layerCosts } from '../../src/measure/macs.ts';
import { random } from '../../src/numeric/random.ts';
import { relativeError } from '../../src/numeric/statistics.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork, zero } from '../support/small-network.ts';

interface Case {
  readonly filters: number;
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly bias: boolean;
  readonly keep: number;
  readonly seed: number;
}

/** One convolution in which each stripe lives with probability `keep`. */
function masked({
  filters,
  channels,
  kernel,
  size,
  strides,
  dilations,
  pads,
  bias,
  keep,
  seed,
}: Case): Graph {
  const graph = emptyGraph('masked');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', [1, channels, ...size]);
  const weight = g.constant(normals([filters, channels, ...kernel], seed), 'w');
  const { uniform } = random(seed, 1);
  const positions = kernel[0] * kernel[1];
  const live = Array.from({ length: filters * positions }, (_, i) => (i === 0 ? true : uniform() < keep));
  zero(weight, (i) => !live[Math.floor(i / (channels * positions)) * positions + (i % positions)]);
  const offsets = bias ? g.constant(normals([filters], seed + 1), 'b') : null;
  g.output(
    g
      .named('conv')
      .Conv(x, weight, offsets, { kernel_shape: [...kernel], strides, dilations, pads: [...pads] }),
    'y',
  );
  return graph;
}

/** Stripes of the convolution that are not zero, counted here anew. */
function countLive(graph: Graph): number {
  const { data, shape } = graph.initializers.find(({ name }) => name === 'w')!.tensor!;
  const [, channels = 1, kH = 1, kW = 1] = shape;
  const live = new Set<string>();
  (data as Float32Array).forEach((value, i) => {
    if (value !== 0) live.add(`${Math.floor(i / (channels * kH * kW))}:${i % (kH * kW)}`);
  });
  return live.size;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    filters: fc.integer({ min: 1, max: 9 }),
    channels: fc.integer({ min: 1, max: 5 }),
    kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 })),
    size: fc.tuple(fc.integer({ min: 9, max: 14 }), fc.integer({ min: 9, max: 14 })),
    strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    pads: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
    bias: fc.boolean(),
    keep: fc.constantFrom(0.05, 0.3, 0.7),
    seed: fc.integer({ min: 1, max: 1000 }),
  })
  .filter(({ kernel }) => kernel[0] * kernel[1] > 1);

async function compare(graph: Graph, form: StripeForm) {
  const input = normals(graph.inputs[0]!.shape as number[], 5);
  const lowered = await lowerStripes(graph, () => form);
  const error = relativeError(await outputOf(lowered.graph, input), await outputOf(graph, input));
  return { error, lowered };
}

describe.each(['shape', 'stripe'] as const)('the %s form', (form) => {
  it('equals the masked convolution: any kernel, stride, dilation, padding, size', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        expect((await compare(masked(given), form)).error).toBeLessThan(1e-5);
      }),
      { numRuns: 60, seed: 3 },
    );
  });
});

const square: Case = {
  filters: 16,
  channels: 8,
  kernel: [3, 3],
  size: [11, 12],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [1, 1, 1, 1],
  bias: false,
  keep: 0.4,
  seed: 1,
};

it.each([1, 2])(
  'the stripe form costs living stripes · C · output positions at stride %i',
  async (stride) => {
    const graph = masked({ ...square, strides: [stride, stride] });
    const { lowered } = await compare(graph, 'stripe');
    inferShapes(lowered.graph);
    const macs = layerCosts(lowered.graph).reduce((sum, cost) => sum + cost.macs, 0);
    const positions = Math.ceil(11 / stride) * Math.ceil(12 / stride);
    expect(macs).toBe(countLive(graph) * 8 * positions);
  },
);

it('crops filters of one shape to one small kernel', async () => {
  const graph = masked({ ...square, keep: 1 });
  const weight = graph.initializers.find(({ name }) => name === 'w')!;
  zero(weight, (i) => Math.floor((i % 9) / 3) !== 1); // the middle row lives: 1×3
  const { lowered, error } = await compare(graph, 'shape');
  expect(error).toBeLessThan(1e-6);
  expect(lowered.graph.nodes.map(({ op }) => op)).toEqual(['Conv']);
  expect(lowered.graph.nodes[0]!.inputs[1]!.tensor!.shape).toEqual([16, 8, 1, 3]);
});

it('sorts filters by shape inside a network, so that no Gather is needed', async () => {
  const graph = plainNetwork({ widths: [128, 12], size: 32 });
  const weight = graph.initializers.find(({ name }) => name === 'conv1.weight')!;
  zero(weight, (i) => (Math.floor(i / 27) % 2 === 0 ? i % 9 !== 4 : Math.floor((i % 9) / 3) !== 1));
  const before = cloneGraph(graph);
  const lowered = await lowerStripes(graph, () => 'shape');
  const input = normals([2, 3, 32, 32], 4);
  expect(relativeError(await outputOf(lowered.graph, input), await outputOf(before, input))).toBeLessThan(
    1e-5,
  );
  expect(lowered.layers).toEqual([{ name: 'conv1', form: 'shape' }]);
  expect(lowered.graph.nodes.map(({ op }) => op)).not.toContain('Gather');
});

it('leaves grouped convolutions alone and says why', async () => {
  const graph = emptyGraph('grouped');
  const g = builderOf(graph);
  const weight = g.constant(normals([4, 1, 3, 3], 1), 'w');
  g.output(g.named('depthwise').Conv(g.input('x', 'float32', [1, 4, 8, 8]), weight, { group: 4 }), 'y');
  zero(weight, (i) => i % 9 === 0);
  const { leftAlone, layers } = await lowerStripes(graph, () => 'stripe');
  expect(leftAlone).toEqual([{ name: 'depthwise', reason: 'it has 4 groups' }]);
  expect(layers).toEqual([]);
});
