import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { buildModel } from '../../src/models/index.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { sparsityOf, withMasks } from '../../src/pruning/granularity/masks.ts';
import { type PiecePruningOptions, prunePieces } from '../../src/pruning/granularity/prune-pieces.ts';

/** One 2×2 convolution of two filters over two channels, and a 1×1 one behind it. */
function network(weights: readonly number[]): Graph {
  const graph = emptyGraph('pieces');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', ['N', 2, 4, 4]);
  const y = g.named('a').Conv(x, g.constant(floats([2, 2, 2, 2], weights), 'a.w'));
  g.output(g.named('b').Conv(y, g.constant(floats([2, 2, 1, 1], [9, 9, 9, 9]), 'b.w')), 'y');
  return graph;
}

const rules: PiecePruningOptions = {
  granularity: 'weight',
  criterion: 'l1-norm',
  scope: 'local',
  target: { measure: 'ratio', fraction: 0.5 },
  floor: 0,
  layerRatios: [],
  seed: 1,
};

/** The mask of the 2×2 convolution, as text: filters, then channels, then positions. */
function masked(weights: readonly number[], options: Partial<PiecePruningOptions>): string {
  const { masks } = prunePieces(network(weights), { ...rules, ...options });
  const mask = [...masks.get('a.w')!].join('');
  return mask.match(/.{4}/g)!.join(' ');
}

//         filter 0: channel 0, channel 1     filter 1: channel 0, channel 1
const weights = [1, 2, 3, 4, 5, -6, 7, 8, -16, 15, 14, 13, 12, 11, 10, -9];

describe('pieces that go', () => {
  it('are single weights of least magnitude', () => {
    expect(masked(weights, { granularity: 'weight' })).toBe('0000 0000 1111 1111');
  });

  it('are stripes W[m, :, i, j]: each filter loses positions of its own', () => {
    // Σ|w| over channels: filter 0: 6 8 10 12; filter 1: 28 26 24 22.
    expect(masked(weights, { granularity: 'stripe', target: { measure: 'ratio', fraction: 0.25 } })).toBe(
      '0011 0011 1111 1111',
    );
    expect(masked(weights, { granularity: 'stripe', target: { measure: 'ratio', fraction: 0.625 } })).toBe(
      '0000 0000 1110 1110',
    );
  });

  it('are positions W[:, c, i, j] that all filters lose, group-wise', () => {
    // Σ|w| over filters: channel 0: 17 17 17 17; channel 1: 17 17 17 17 but for the change below.
    const uneven = weights.map((w, i) => (i === 3 || i === 12 ? 0 : w));
    expect(masked(uneven, { granularity: 'group', target: { measure: 'ratio', fraction: 0.25 } })).toBe(
      '1110 0111 1110 0111',
    );
  });

  it('are whole positions W[:, :, i, j]', () => {
    const corner = weights.map((w, i) => (i % 4 === 2 ? w / 100 : w));
    expect(masked(corner, { granularity: 'position', target: { measure: 'ratio', fraction: 0.25 } })).toBe(
      '1101 1101 1101 1101',
    );
  });

  it('are those of least mean over all layers where the scope is global', () => {
    const { masks } = prunePieces(network(weights), { ...rules, scope: 'global' });
    // Eight are below 9; of the five that are 9, of both layers, two make it half of the twenty.
    expect(sparsityOf(masks)).toBe(0.5);
    expect([...masks.get('a.w')!.slice(0, 8)]).toEqual(new Array(8).fill(0));
    expect([...masks.get('a.w')!.slice(8, 15)]).toEqual(new Array(7).fill(1));
  });

  it('stay gone in later steps, whatever the weights have become', () => {
    const before = new Map([['a.w', Float32Array.from([...new Array(14).fill(1), 0, 0])]]);
    expect(masked(weights, { before, target: { measure: 'ratio', fraction: 0.25 } })).toBe(
      '0011 1111 1111 1100',
    );
  });

  it('leave a floor, and layers with ratios of their own', () => {
    const layerRatios = [{ glob: 'a', ratio: 0 }];
    expect(masked(weights, { layerRatios })).toBe('1111 1111 1111 1111');
    const floor = { scope: 'global', floor: 0.75, target: { measure: 'ratio', fraction: 0.9 } } as const;
    expect(masked(weights, floor)).toBe('0000 1111 1111 1111');
  });

  it.each(['local', 'global'] as const)(
    'keep a part of the MACs that convolutions of several sizes have, %s',
    (scope) => {
      const graph = buildModel('resnet20');
      const { masks, met } = prunePieces(graph, {
        ...rules,
        granularity: 'stripe',
        scope,
        target: { measure: 'macs', fraction: 0.6 },
      });
      expect(met).toBe(true);
      // MACs of a convolution are its weights times its positions: 32×32, 16×16, 8×8 in the three stages.
      let [kept, all] = [0, 0];
      for (const [name, mask] of masks) {
        const area = name.startsWith('layer3') ? 1 : name.startsWith('layer2') ? 4 : 16;
        all += area * mask.length;
        kept += area * mask.reduce((sum, one) => sum + one, 0);
      }
      expect(kept / all).toBeCloseTo(0.6, 1);
    },
  );

  it('are refused where no layer has any', () => {
    const graph = emptyGraph('bare');
    const g = builderOf(graph);
    g.output(g.Relu(g.input('x', 'float32', [1, 2])), 'y');
    expect(() => prunePieces(graph, { ...rules, granularity: 'stripe' })).toThrow(
      'bare: expected a convolution with a kernel above 1×1, found none',
    );
  });
});

it('masks make the weights zero and leave the network that was given', () => {
  const graph = network(weights);
  const { masks } = prunePieces(graph, rules);
  const tensorOf = (of: Graph) => [
    ...(of.initializers.find(({ name }) => name === 'a.w')!.tensor!.data as Float32Array),
  ];
  expect(tensorOf(withMasks(graph, masks))).toEqual([0, 0, 0, 0, 0, 0, 0, 0, ...weights.slice(8)]);
  expect(tensorOf(graph)).toEqual(weights);
});
