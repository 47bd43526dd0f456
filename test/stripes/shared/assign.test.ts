import { describe, expect, it } from 'vitest';
import { random } from '../../../src/numeric/random.ts';
import { balancedBlocks } from '../../../src/stripes/shared/assign.ts';

const [ROW, COLUMN, FULL] = ['000111000', '010010010', '111111111'].map((bits) => [...bits].map(Number));

/** Filters of known shapes, each norm off by at most a tenth. */
function filters(shapes: readonly (readonly number[])[], seed: number): Float32Array[] {
  const { uniform } = random(seed);
  return shapes.map((shape) => Float32Array.from(shape, (norm) => norm + (uniform() - 0.5) / 5));
}

/** Which filters are together, whatever the blocks are called. */
const together = (blocks: readonly number[]): string[] => {
  const members = new Map<number, number[]>();
  blocks.forEach((block, i) => {
    members.set(block, [...(members.get(block) ?? []), i]);
  });
  return [...members.values()].map((group) => group.join()).sort();
};

describe('blocks of filters', () => {
  it.each([1, 2, 3, 4])('gather those of one shape, wherever they stand (seed %i)', (seed) => {
    const { permutation } = random(seed, 7);
    const kinds = [...permutation(24)].map((i) => i % 3);
    const points = filters(
      kinds.map((kind) => [ROW!, COLUMN!, FULL!][kind]!),
      seed,
    );
    const expected = [0, 1, 2].map((kind) => kinds.flatMap((other, i) => (other === kind ? [i] : [])).join());
    expect(together(balancedBlocks(points, 8))).toEqual(expected.sort());
  });

  it('are full but for the last one', () => {
    const points = filters(new Array(21).fill(FULL), 3);
    const sizes = together(balancedBlocks(points, 8)).map((group) => group.split(',').length);
    expect(sizes.sort()).toEqual([5, 8, 8]);
  });

  it('are as near together as any balanced grouping of few filters', () => {
    const { uniform } = random(11);
    for (let round = 0; round < 20; round++) {
      const points = Array.from({ length: 6 }, () => Float32Array.from({ length: 3 }, uniform));
      const best = Math.min(...halves(6).map((blocks) => spread(points, blocks)));
      expect(spread(points, balancedBlocks(points, 3))).toBeLessThanOrEqual(best * 1.1);
    }
  });

  it('put alike filters anywhere, and stop', () => {
    expect(balancedBlocks(new Array(16).fill(new Float32Array(9)), 8)).toHaveLength(16);
    expect(balancedBlocks([], 8)).toEqual([]);
  });
});

/** All ways to halve n things. */
const halves = (n: number): number[][] =>
  Array.from({ length: 2 ** n }, (_, bits) => Array.from({ length: n }, (_, i) => (bits >> i) & 1)).filter(
    (blocks) => blocks.reduce((a, b) => a + b, 0) === n / 2,
  );

/** Σ over pairs of one block of ‖x − y‖². */
function spread(points: readonly Float32Array[], blocks: readonly number[]): number {
  let sum = 0;
  points.forEach((x, i) => {
    points.forEach((y, j) => {
      if (blocks[i] === blocks[j]) sum += x.reduce((total, value, d) => total + (value - y[d]!) ** 2, 0);
    });
  });
  return sum;
}
