import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { type ConvertOptions, convertResiduals } from '../../src/residual/convert-residuals.ts';
import { findResiduals } from '../../src/residual/find.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import {
  type Activation,
  activations,
  type BlockShape,
  type LayerShape,
  residualNetwork,
  type ShortcutName,
  shortcuts,
} from '../support/residual-network.ts';
import { normals } from '../support/run-graph.ts';

/** Converts, and compares on random and on saturating input, one image and five. */
async function converted(network: Graph, options: ConvertOptions = {}) {
  const result = convertResiduals(network, options);
  let largest = 0;
  for (const batch of [1, 5]) {
    const { error } = await verifyEquivalent(network, result.graph, {
      executor: onnxruntime,
      tolerance: 1e-5,
      batch,
    });
    largest = Math.max(largest, error);
  }
  return { ...result, error: largest, left: findResiduals(result.graph) };
}

const layer = (shape: Partial<LayerShape>): LayerShape => ({
  filters: 6,
  kernel: 3,
  stride: 1,
  group: 1,
  activation: 'none',
  ...shape,
});
const block = (layers: readonly LayerShape[], shape: Partial<BlockShape> = {}): BlockShape => ({
  layers,
  shortcut: 'identity',
  before: 'relu',
  preactivation: 'none',
  after: 'relu',
  ...shape,
});

const basic = [layer({ activation: 'relu' }), layer({})];
const cases: Record<string, BlockShape[]> = {
  'a basic block': [block(basic)],
  'consecutive blocks': [block(basic), block(basic), block(basic)],
  'one convolution': [block([layer({ kernel: 5 })])],
  'a projection with stride': [
    block([layer({ filters: 8, stride: 2, activation: 'relu' }), layer({ filters: 8 })], {
      shortcut: 'projection',
    }),
  ],
  'zero channels beside every other element': [
    block([layer({ filters: 11, stride: 2, activation: 'relu' }), layer({ filters: 11 })], {
      shortcut: 'padded',
    }),
  ],
  'a bottleneck, the stride in the middle': [
    block(
      [
        layer({ filters: 4, kernel: 1, activation: 'relu' }),
        layer({ filters: 4, stride: 2, activation: 'relu' }),
        layer({ filters: 10, kernel: 1 }),
      ],
      { shortcut: 'projection' },
    ),
  ],
  'a mean before the projection': [
    block([layer({ filters: 8, stride: 2, activation: 'relu' }), layer({ filters: 8, kernel: 1 })], {
      shortcut: 'pooled',
    }),
  ],
  'an inverted residual without activation behind': [
    block(
      [
        layer({ filters: 12, kernel: 1, activation: 'relu6' }),
        layer({ filters: 12, group: 12, activation: 'relu6' }),
        layer({ kernel: 1 }),
      ],
      { before: 'none', after: 'none' },
    ),
  ],
  'groups that carried channels fill up': [
    block([
      layer({ filters: 8, kernel: 1, activation: 'relu' }),
      layer({ filters: 8, group: 2, activation: 'relu' }),
      layer({ kernel: 1 }),
    ]),
  ],
  'a grouped convolution at either end': [
    block([layer({ filters: 6, group: 3, activation: 'relu' }), layer({ group: 2 })]),
  ],
  'pre-activation': [
    block([layer({ activation: 'relu' }), layer({})], {
      before: 'none',
      preactivation: 'relu',
      after: 'none',
    }),
  ],
  'a gate in the middle': [
    block([layer({ filters: 8, activation: 'relu', gate: true }), layer({ kernel: 1 })]),
  ],
  'a gate at the end': [block([layer({ activation: 'relu' }), layer({ gate: true })])],
  'activations that no bounds replace': [
    block(
      [
        layer({ activation: 'silu' }),
        layer({ activation: 'hardSwish' }),
        layer({ activation: 'leaky' }),
        layer({ activation: 'prelu' }),
        layer({ activation: 'sigmoid' }),
        layer({}),
      ],
      { before: 'none' },
    ),
  ],
  'bounds on both sides of numbers of either sign': [
    block([layer({ activation: 'hardTanh' }), layer({ activation: 'relu6' }), layer({})], {
      before: 'none',
      after: 'none',
    }),
  ],
  'BatchNormalization that was not folded': [
    block([layer({ normalized: true, activation: 'relu' }), layer({ normalized: true })]),
  ],
};

describe('residual connections are removed from', () => {
  it.each(Object.entries(cases))('%s', async (_name, blocks) => {
    for (const size of [8, 9]) {
      // A window of two does not fit an odd map: such a network is none.
      if (size === 9 && blocks.some(({ shortcut }) => shortcut === 'pooled')) continue;
      const network = residualNetwork({ channels: 6, size, blocks });
      for (const middle of ['widen', 'concat'] as const) {
        const { converted: done, refusals, left } = await converted(network, { middle });
        expect(refusals).toEqual([]);
        expect(done).toHaveLength(blocks.length);
        expect(left).toEqual([]);
      }
    }
  });

  it('a block within the branch of another', async () => {
    const g = builderOf(emptyGraph('nested'));
    const conv = (x: Value, seed: number) =>
      g.Conv(x, g.constant(normals([6, 6, 3, 3], seed, 0.15)), { pads: [1, 1, 1, 1] });
    const x = g.Relu(g.input('x', 'float32', ['N', 6, 9, 7]));
    const first = g.Relu(conv(x, 1));
    const within = conv(g.Relu(conv(first, 2)), 3);
    const branch = conv(g.Relu(g.named('inner').Add(within, first)), 4);
    g.output(g.Relu(g.named('outer').Add(branch, x)), 'y');
    const { converted: done, refusals, left } = await converted(g.graph);
    expect(refusals).toEqual([]);
    expect(done.map(({ add, carried }) => [add, carried])).toEqual([
      ['inner', 6],
      ['outer', 6],
    ]);
    expect(left).toEqual([]);
  });
});

describe('a residual connection stays, with its reason,', () => {
  const reasonsOf = (blocks: BlockShape[]) =>
    convertResiduals(residualNetwork({ channels: 6, size: 8, blocks })).refusals.map(({ reason }) => reason);

  it('where groups have other numbers of inputs and outputs', () => {
    const layers = [layer({ filters: 6, kernel: 1 }), layer({ filters: 12, group: 6 }), layer({ kernel: 1 })];
    expect(reasonsOf([block(layers)])[0]).toMatch(
      /^the groups of .* have unequal numbers of inputs and outputs$/,
    );
  });

  it('where the kernel in the place of the pool is too small', () => {
    const layers = [layer({ filters: 8, kernel: 1, stride: 2 }), layer({ filters: 8 })];
    expect(reasonsOf([block(layers, { shortcut: 'pooled' })])[0]).toMatch(
      /does not cover the elements that its shortcut pools$/,
    );
  });

  it('where it would grow more than is allowed, or is not asked for', () => {
    const network = residualNetwork({ channels: 6, size: 8, blocks: [block(basic), block(basic)] });
    const { refusals } = convertResiduals(network, { maxGrowth: 1.5 });
    expect(refusals.map(({ reason }) => reason)).toEqual(
      new Array(2).fill('its convolutions would have 2.0 times the weights, more than the 1.5 allowed'),
    );
    const one = convertResiduals(network, { only: (add) => add === 'add1' });
    expect(one.converted.map(({ add, carried }) => [add, carried])).toEqual([['add1', 6]]);
    expect(one.refusals).toEqual([]);
  });
});

const activation = fc.constantFrom<Activation>(...(Object.keys(activations) as Activation[]));
const anyLayer = fc.record({
  filters: fc.constantFrom(2, 3, 4, 6, 8),
  kernel: fc.constantFrom(1, 3, 5),
  stride: fc.constantFrom(1, 1, 1, 2),
  group: fc.constantFrom(1, 1, 1, 2, 3, 6),
  activation,
  gate: fc.constantFrom(false, false, false, true),
  normalized: fc.constantFrom(false, false, true),
});
const anyBlock = fc.record({
  layers: fc.array(anyLayer, { minLength: 1, maxLength: 4 }),
  shortcut: fc.constantFrom<ShortcutName>(...(Object.keys(shortcuts) as ShortcutName[])),
  before: activation,
  preactivation: fc.constantFrom<Activation>('none', 'none', 'relu', 'hardTanh', 'silu'),
  after: activation,
});

/** Makes the numbers of a random block fit: groups divide, an identity keeps channels and size. */
function fitted({ layers, ...rest }: BlockShape, channels: number): BlockShape {
  const { shortcut } = rest;
  let width = channels;
  const fit = layers.map((given, i) => {
    const isLast = i === layers.length - 1;
    const keeps = isLast && shortcut === 'identity';
    const grows = isLast && shortcut === 'padded';
    const filters = keeps ? channels : grows ? channels + given.filters : given.filters;
    const group = width % given.group === 0 && filters % given.group === 0 ? given.group : 1;
    width = filters;
    return { ...given, filters, group, stride: shortcut === 'identity' ? 1 : given.stride };
  });
  return { ...rest, layers: fit };
}

it('random blocks compute the same, or stay and say why', async () => {
  let done = 0;
  await fc.assert(
    fc.asyncProperty(
      anyBlock,
      anyBlock,
      fc.constantFrom<'widen' | 'concat'>('widen', 'concat'),
      fc.constantFrom(32, 27),
      async (first, second, middle, wanted) => {
        const one = fitted(first, 6);
        const two = fitted(second, one.layers.at(-1)!.filters);
        const blocks = [one, two];
        // A window of a pool fits even maps alone.
        const size = blocks.some(({ shortcut }) => shortcut === 'pooled') ? 32 : wanted;
        const network = residualNetwork({ channels: 6, size, blocks });
        const { converted: plain, refusals, left } = await converted(network, { middle });
        done += plain.length;
        expect(plain.length + refusals.length).toBe(2);
        expect(left).toHaveLength(refusals.length);
        for (const { reason } of refusals) expect(reason.length).toBeGreaterThan(10);
      },
    ),
    { numRuns: 60, seed: 5 },
  );
  expect(done).toBeGreaterThan(60);
});
