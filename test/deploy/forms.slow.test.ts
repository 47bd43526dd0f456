import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { originalLayerCosts } from '../../src/deploy/compress.ts';
import { readStripes } from '../../src/deploy/forms/convolution.ts';
import { plansOf, writtenPlan } from '../../src/deploy/forms/index.ts';
import type { FormPlan } from '../../src/deploy/forms/plan.ts';
import { lowerConvolutions, type PlanChooser } from '../../src/deploy/lower.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { cloneGraph } from '../../src/graph/clone.ts';
import { type Dim, emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { layerCosts } from '../../src/measure/macs.ts';
import { random } from '../../src/numeric/random.ts';
import { foldBatchNormalization } from '../../src/rewrite/index.ts';
import { relativeError } from '../support/relative-error.ts';
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

async function compare(graph: Graph, choose: PlanChooser) {
  const input = normals(graph.inputs[0]!.shape as number[], 5);
  const lowered = await lowerConvolutions(graph, choose);
  const error = relativeError(await outputOf(lowered.graph, input), await outputOf(graph, input));
  return { error, lowered };
}

/** The plans of a graph's only convolution, by form. */
function plansIn(graph: Graph): Map<string, FormPlan> {
  const conv = readStripes(graph.nodes.find(({ op }) => op === 'Conv')!);
  if ('reason' in conv) throw new Error(conv.reason);
  return new Map(plansOf(conv).map((plan) => [plan.form, plan]));
}

it('every plan equals the masked convolution: any kernel, stride, dilation, padding, size', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(cases, async (given) => {
      const graph = masked(given);
      for (const [form, plan] of plansIn(graph)) {
        seen.add(form.split(' ')[0]!);
        const { error, lowered } = await compare(graph, () => plan);
        expect(error, form).toBeLessThan(1e-5);
        const layers = originalLayerCosts(lowered.graph).filter(({ macs }) => macs > 0);
        expect(
          layers.map(({ name }) => name),
          form,
        ).toEqual(['conv']);
      }
    }),
    { numRuns: 60, seed: 3 },
  );
  expect([...seen].sort()).toEqual(expect.arrayContaining(['crop', 'dense', 'shift', 'stripe']));
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

/** A wide convolution in which filter m keeps the positions shapes[m mod n]. */
function shaped(shapes: readonly (readonly number[])[], given: Partial<Case> = {}): Graph {
  const graph = masked({
    ...square,
    filters: 96,
    channels: 64,
    size: [28, 28],
    keep: 1,
    bias: true,
    ...given,
  });
  const weight = graph.initializers.find(({ name }) => name === 'w')!;
  const [, channels = 1, kH = 1, kW = 1] = weight.tensor!.shape;
  const positions = kH * kW;
  zero(
    weight,
    (i) => !shapes[Math.floor(i / (channels * positions)) % shapes.length]!.includes(i % positions),
  );
  return graph;
}

const ROW = [3, 4, 5];
const COLUMN = [1, 4, 7];
const POINT = [4];
const CORNERS = [0, 2, 6, 8];

describe('filters of known shapes', () => {
  it.each([
    ['one row: a 1×3 kernel', [ROW], 'crop', [[96, 64, 1, 3]]],
    ['the corners: a dilated 2×2 kernel', [CORNERS], 'crop', [[96, 64, 2, 2]]],
    [
      'a plus: a column, and what is left and right of it by a dilated kernel',
      [[1, 3, 4, 5, 7]],
      'cross',
      [
        [96, 64, 1, 2],
        [96, 64, 3, 1],
      ],
    ],
    [
      'points and rows: two parts',
      [POINT, ROW],
      'parts 2',
      [
        [48, 64, 1, 1],
        [48, 64, 1, 3],
      ],
    ],
    [
      'points, rows, columns: three parts',
      [POINT, ROW, COLUMN],
      'parts 3',
      [
        [32, 64, 1, 1],
        [32, 64, 1, 3],
        [32, 64, 3, 1],
      ],
    ],
  ] as const)('%s', async (_, shapes, form, kernels) => {
    const graph = shaped(shapes);
    const plan = plansIn(graph).get(form)!;
    const { lowered, error } = await compare(graph, () => plan);
    expect(error).toBeLessThan(1e-5);
    const found = lowered.graph.nodes.flatMap(({ op, inputs }) =>
      op === 'Conv' ? [inputs[1]!.tensor!.shape] : [],
    );
    expect(found.map(String).sort()).toEqual(kernels.map(String).sort());
  });

  it('what is left of a block goes with filters of a larger shape: every part but the last is whole blocks', async () => {
    const graph = shaped([POINT, POINT, ROW, [0, 1, 2, 3, 4, 5, 6, 7, 8]], { filters: 104 });
    const plan = plansIn(graph).get('parts 3')!;
    const { lowered, error } = await compare(graph, () => plan);
    expect(error).toBeLessThan(1e-5);
    const widths = lowered.graph.nodes.flatMap(({ op, inputs }) =>
      op === 'Conv' ? [inputs[1]!.tensor!.shape[0]!] : [],
    );
    expect(widths.reduce((sum, width) => sum + width, 0)).toBe(104);
    expect(widths.filter((width) => width % 16 !== 0)).toHaveLength(1);
  });
});

it('the shift form is a map for each living stripe, whole blocks of them', async () => {
  const graph = masked({ ...square, filters: 32, channels: 20, bias: true });
  const plan = plansIn(graph).get('shift 16')!;
  const { lowered, error } = await compare(graph, () => plan);
  expect(error).toBeLessThan(1e-5);
  const [stripes, shift, sum] = lowered.graph.nodes;
  expect([stripes, shift, sum].map((node) => node!.op)).toEqual(['Conv', 'Conv', 'Conv']);
  const maps = stripes!.inputs[1]!.tensor!.shape[0]!;
  expect(maps).toBeGreaterThanOrEqual(countLive(graph));
  expect(maps).toBeLessThan(countLive(graph) + 2 * 2 * 16);
  expect(maps % 32).toBe(0);
});

it.each([1, 2])(
  'the stripe form costs living stripes · C · output positions at stride %i',
  async (stride) => {
    const graph = masked({ ...square, strides: [stride, stride] });
    const { lowered } = await compare(graph, ({ conv }) => writtenPlan(conv, 'stripe'));
    inferShapes(lowered.graph);
    const macs = layerCosts(lowered.graph).reduce((sum, cost) => sum + cost.macs, 0);
    const positions = Math.ceil(11 / stride) * Math.ceil(12 / stride);
    expect(macs).toBe(countLive(graph) * 8 * positions);
  },
);

it('sorts filters by shape inside a network, so that no Gather is needed', async () => {
  const graph = plainNetwork({ channels: 64, widths: [128, 12], size: 32 });
  const weight = graph.initializers.find(({ name }) => name === 'conv1.weight')!;
  zero(weight, (i) => (Math.floor(i / 576) % 2 === 0 ? i % 9 !== 4 : Math.floor((i % 9) / 3) !== 1));
  const before = cloneGraph(graph);
  const lowered = await lowerConvolutions(graph, ({ conv }) => writtenPlan(conv, 'shape'));
  const input = normals([2, 64, 32, 32], 4);
  expect(relativeError(await outputOf(lowered.graph, input), await outputOf(before, input))).toBeLessThan(
    1e-5,
  );
  expect(lowered.layers).toEqual([{ name: 'conv1', form: 'parts 2' }]);
  expect(lowered.graph.nodes.map(({ op }) => op)).not.toContain('Gather');
});

it('a Relu behind parts is done to each of them, and to nothing twice', async () => {
  const graph = plainNetwork({ channels: 64, widths: [128, 12], size: 32 });
  const folded = foldBatchNormalization(graph).graph;
  const weight = folded.nodes.find(({ op }) => op === 'Conv')!.inputs[1]!;
  zero(weight, (i) => (Math.floor(i / 576) % 2 === 0 ? i % 9 !== 4 : Math.floor((i % 9) / 3) !== 1));
  const { graph: lowered } = await lowerConvolutions(folded, ({ conv }) => writtenPlan(conv, 'shape'));
  const ops = lowered.nodes.slice(0, 5).map(({ op }) => op);
  expect(ops).toEqual(['Conv', 'Relu', 'Conv', 'Relu', 'Concat']);
  expect(lowered.nodes[5]!.op).toBe('Conv');
});

it('a Relu stays behind parts that somebody else reads too', async () => {
  const graph = shaped([POINT, ROW]);
  const g = builderOf(graph);
  g.output(g.Relu(graph.outputs[0]!), 'positive');
  const plan = plansIn(graph).get('parts 2')!;
  const { lowered, error } = await compare(graph, () => plan);
  expect(error).toBeLessThan(1e-5);
  expect(lowered.graph.nodes.at(-1)!.op).toBe('Relu');
});

/** A convolution of 8 filters in groups, its kernel 3×3, and attributes of its own. */
function bare(
  group: number,
  attributes: { pads?: number[]; auto_pad?: 'SAME_UPPER'; strides?: number[] },
  size: Dim = 9,
) {
  const graph = emptyGraph('bare');
  const g = builderOf(graph);
  const weight = g.constant(normals([8, 8 / group, 3, 3], 1), 'w');
  g.output(
    g.named('conv').Conv(g.input('x', 'float32', [1, 8, size, size]), weight, { group, ...attributes }),
    'y',
  );
  return { graph, weight };
}

it.each([2, 8])('a convolution of %i groups is cropped where all filters share a box', async (group) => {
  const { graph, weight } = bare(group, { pads: [1, 1, 1, 1] });
  zero(weight, (i) => !COLUMN.includes(i % 9));
  expect([...plansIn(graph).keys()]).toEqual(['dense', 'crop']);
  const { lowered, error } = await compare(graph, () => plansIn(graph).get('crop')!);
  expect(error).toBeLessThan(1e-6);
  expect(lowered.graph.nodes[0]!.inputs[1]!.tensor!.shape).toEqual([8, 8 / group, 3, 1]);
});

it.each([1, 2])('automatic padding is resolved where the size is fixed: stride %i', async (stride) => {
  const { graph, weight } = bare(1, { auto_pad: 'SAME_UPPER', strides: [stride, stride] }, 10);
  zero(weight, (i) => ![4, 5, 7].includes(i % 9));
  for (const plan of plansIn(graph).values()) {
    expect((await compare(graph, () => plan)).error, plan.form).toBeLessThan(1e-5);
  }
  expect(plansIn(graph).has('crop')).toBe(stride === 1);
});

it('leaves a convolution alone whose padding depends on an open size, and says why', async () => {
  const { graph, weight } = bare(1, { auto_pad: 'SAME_UPPER', strides: [2, 2] }, 'size');
  zero(weight, (i) => i % 9 === 0);
  const { leftAlone, layers } = await lowerConvolutions(graph, ({ conv }) => writtenPlan(conv, 'stripe'));
  expect(leftAlone).toEqual([
    { code: 'open-size', where: 'conv', reason: 'the padding of conv depends on the size of its input' },
  ]);
  expect(layers).toEqual([]);
});
