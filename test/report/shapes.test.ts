import { describe, expect, it } from 'vitest';
import { commonShapes, keptPerTap, keptStripes, tapCount } from '../../src/report/filter-shapes.ts';
import { shapePicture } from '../../src/report/index.ts';

const layer = {
  layer: 'a<b>',
  kernel: [1, 3] as const,
  filters: 5,
  // By hand: ■□□, ■■□, ■■□, gone, □□■.
  masks: [0b001, 0b011, 0b011, 0, 0b100],
};

describe('filter shapes', () => {
  it('counts the filters that keep each position', () => {
    expect(keptPerTap(layer)).toEqual([3 / 5, 2 / 5, 1 / 5]);
    expect(keptStripes(layer)).toBeCloseTo(6 / 15);
  });

  it('lists shapes by how common they are, without filters that are gone', () => {
    expect(commonShapes(layer)).toEqual([
      { mask: 0b011, filters: 2 },
      { mask: 0b001, filters: 1 },
      { mask: 0b100, filters: 1 },
    ]);
  });

  it('holds kernels of 7×7, beyond 32 bits', () => {
    expect(tapCount(2 ** 48 + 2 ** 31 + 1)).toBe(3);
    const kept = keptPerTap({ ...layer, kernel: [7, 7], masks: [2 ** 48] });
    expect(kept.map((part, tap) => [part, tap]).filter(([part]) => part === 1)).toEqual([[1, 48]]);
  });
});

describe('the picture of the shapes', () => {
  it('is an SVG that stands alone, one square a position', () => {
    const svg = shapePicture([layer]);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).toContain('a&lt;b&gt;');
    expect(svg).toContain('4 of 5 filters, 40 % of stripes');
    const squares = (kind: string) =>
      [...svg.matchAll(new RegExp(`<path class="${kind}" d="([^"]*)"`, 'g'))].flatMap(
        ([, d]) => d!.match(/M/g) ?? [],
      );
    expect(squares('live')).toHaveLength(2 + 1 + 1);
    expect(squares('dead')).toHaveLength(1 + 2 + 2);
  });
});
