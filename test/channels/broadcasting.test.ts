import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelGroups } from '../../src/channels/channel-groups.ts';
import { along, spreadOver } from '../../src/channels/coupling/channels.ts';
import type { Builder } from '../../src/graph/builder.ts';
import type { Graph, Value } from '../../src/graph/graph.ts';
import { conv, network } from '../support/coupled-networks.ts';
import { pruneHalf } from '../support/pruned-halves.ts';
import { normals } from '../support/run-graph.ts';

/** What can be an operand of a broadcasting operator beside a map [1, 8, 8, 8]; `tokens`: beside [1, 64, 8]. */
const operands: Readonly<Record<string, (g: Builder, s: Value, seed: number) => Value>> = {
  map: (g, s, seed) => conv(g, s, `map${seed}`, { filters: 8, seed }),
  mask: (g, s, seed) => g.Sigmoid(conv(g, s, `mask${seed}`, { filters: 1, seed })),
  gate: (g, s, seed) => conv(g, g.GlobalAveragePool(s), `gate${seed}`, { filters: 8, kernel: 1, seed }),
  factor: (g, s, seed) => conv(g, g.GlobalMaxPool(s), `factor${seed}`, { filters: 1, kernel: 1, seed }),
  rows: (g, s, seed) =>
    g.ReduceMean(conv(g, s, `rows${seed}`, { filters: 1, seed }), g.int64s([3]), { keepdims: 1 }),
  mean: (g, s) => g.ReduceMean(s, g.int64s([1]), { keepdims: 1 }),
  vector: (g, _s, seed) => g.constant(normals([8, 1, 1], seed)),
  column: (g, _s, seed) => g.constant(normals([1, 8, 1, 1], seed)),
  plane: (g, _s, seed) => g.constant(normals([8, 8], seed)),
  scalar: (g, _s, seed) => g.constant(normals([], seed)),
};
type Operand = keyof typeof operands;

const joining: Readonly<Record<string, (g: Builder, given: readonly Value[]) => Value>> = {
  Mul: (g, given) => given.reduce((a, b) => g.Mul(a, b)),
  Add: (g, given) => given.reduce((a, b) => g.Add(a, b)),
  Sub: (g, given) => given.reduce((a, b) => g.Sub(a, b)),
  Sum: (g, given) => g.Sum(...given),
  Max: (g, given) => g.Max(...given),
  Mean: (g, given) => g.Mean(...given),
  Where: (g, given) => given.reduce((a, b) => g.Where(g.Greater(a, b), b, a)),
};

const cases = fc.record({
  op: fc.constantFrom(...Object.keys(joining)),
  tokens: fc.boolean(),
  kinds: fc.shuffledSubarray<Operand>([...Object.keys(operands), 'map', 'mask'], {
    minLength: 2,
    maxLength: 4,
  }),
});

/** conv → operands of every kind in any order → op → conv → pooled → Gemm. */
function graphOf({ op, tokens, kinds }: { op: string; tokens: boolean; kinds: readonly Operand[] }): Graph {
  return network((g, x) => {
    const stem = g.Relu(conv(g, x, 'stem', { filters: 8 }));
    const asTokens = (value: Value) =>
      tokens && value.shape!.length === 4 ? g.Transpose(value, { perm: [0, 2, 3, 1] }) : value;
    const sizes = (value: Value) =>
      tokens && value.shape!.length === 3 ? g.Squeeze(value, g.int64s([1, 2])) : value;
    const given = kinds.map((kind, i) => sizes(asTokens(operands[kind]!(g, stem, 20 + i))));
    const joined = joining[op]!(
      g,
      given.some(({ shape }) => shape!.length === 4) ? given : [...given, asTokens(stem)],
    );
    const map = tokens ? g.Transpose(joined, { perm: [0, 3, 1, 2] }) : joined;
    const wide = g.Mul(map, g.constant(normals([1, Number(map.shape![1]), 8, 8], 3)));
    return conv(g, g.Relu(wide), 'after', { filters: 8, seed: 4 });
  });
}

describe('operands that are stretched', () => {
  it('lose half of their channels, or keep them, as zeros in their place would do', async () => {
    let narrowed = 0;
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(100), async (given, seed) => {
        const { removed, error } = await pruneHalf(graphOf(given), seed);
        expect(error).toBeLessThan(1e-5);
        narrowed += removed.size;
      }),
      { numRuns: 120, seed: 3 },
    );
    expect(narrowed).toBeGreaterThan(500);
  });

  it.each([
    ['behind the map', (g: Builder, s: Value, mask: Value) => g.Mul(s, mask)],
    ['before the map', (g: Builder, s: Value, mask: Value) => g.Mul(mask, s)],
  ])('a mask of one channel %s leaves the channels of the map free, and keeps its own', (_order, gated) => {
    const graph = network((g, x) => {
      const map = conv(g, x, 'map', { filters: 8 });
      return conv(g, gated(g, map, conv(g, map, 'mask', { filters: 1, seed: 2 })), 'after', {
        filters: 4,
        seed: 3,
      });
    });
    const { groups } = channelGroups(graph);
    const of = (root: string) => groups.find((group) => group.root === root)!;
    expect(of('map').layers).toHaveLength(1);
    expect(of('map').sets).toHaveLength(8);
    expect(of('map').reasons.size).toBe(0);
    expect([...of('mask').reasons.values()]).toEqual([
      expect.stringMatching(/^it is broadcast over other channels in /),
    ]);
  });

  it('MatMul stretches a factor of one channel', async () => {
    const product = (g: Builder, a: Value, b: Value) => g.MatMul(a, g.Transpose(b, { perm: [0, 1, 3, 2] }));
    for (const swapped of [false, true]) {
      const { error, removed } = await pruneHalf(
        network((g, x) => {
          const [wide, one] = [
            conv(g, x, 'wide', { filters: 8 }),
            conv(g, x, 'one', { filters: 1, seed: 2 }),
          ];
          return product(g, ...((swapped ? [one, wide] : [wide, one]) as [Value, Value]));
        }),
      );
      expect(error).toBeLessThan(1e-5);
      expect(removed.size).toBe(4);
    }
  });
});

it('labels are never read beyond their end', () => {
  const labels = along(1, Int32Array.of(7));
  expect(() => spreadOver(labels, { axes: [1], sizes: [16] })).toThrow(
    /axis 1 has 1 channels, found 16 places/,
  );
  expect([...spreadOver(labels, { axes: [1, 2], sizes: [1, 3] })]).toEqual([7, 7, 7]);
});
