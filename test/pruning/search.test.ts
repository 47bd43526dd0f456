import { expect, it } from 'vitest';
import type { UnitWidths } from '../../src/pruning/ranking/selection.ts';
import {
  searchWidths,
  type WidthCandidate,
  type WidthSearch,
} from '../../src/pruning/search/search-widths.ts';

/** Four units of 1 to 8 classes; the third is worth most by far, the last nothing; 16 classes may stay. */
const worth = [1, 1, 10, 0];
const search = (more: Partial<WidthSearch> = {}): WidthSearch => ({
  choices: worth.map(() => [1, 2, 3, 4, 5, 6, 7, 8]),
  start: [4, 4, 4, 4],
  candidates: 200,
  seed: 3,
  isWithin: (widths) => widths.reduce((sum, width) => sum + width, 0) <= 16,
  damageOf: async (widths) => widths.reduce((sum, width, i) => sum + worth[i]! * (8 - width), 0),
  ...more,
});

it('finds the widths that lose least within the budget', async () => {
  const { widths, damage } = await searchWidths(search());
  // 8 for the third, 1 for the last, 7 for the two others.
  expect(widths[2]).toBe(8);
  expect(widths[3]).toBe(1);
  expect(damage).toBe(9);
});

it('goes on where it was interrupted, to the same end, and tries nothing twice', async () => {
  const tried = new Map<number, WidthCandidate>();
  const whole = await searchWidths(
    search({ candidates: 60, onCandidate: (candidate, i) => void tried.set(i, candidate) }),
  );
  const known = new Map([...tried].filter(([index]) => index < 25));
  const again: UnitWidths[] = [];
  const resumed = await searchWidths(
    search({ candidates: 60, known, onCandidate: ({ widths }) => void again.push(widths) }),
  );
  expect(resumed).toEqual(whole);
  expect(again).toEqual([...tried].filter(([index]) => index >= 25).map(([, { widths }]) => widths));
});

it('stays within the budget, whatever it tries', async () => {
  const sums: number[] = [];
  await searchWidths(
    search({ onCandidate: ({ widths }) => void sums.push(widths.reduce((a, b) => a + b, 0)) }),
  );
  expect(Math.max(...sums)).toBeLessThanOrEqual(16);
});

it('keeps the start where nothing else fits', async () => {
  const stuck = await searchWidths(search({ choices: worth.map(() => [4]), candidates: 5 }));
  expect(stuck.widths).toEqual([4, 4, 4, 4]);
});

it('widens what a change left below the budget', async () => {
  const sums: number[] = [];
  const refill = (widths: UnitWidths, order: readonly number[]) => {
    const wider = [...widths];
    for (const unit of order)
      while (wider[unit]! < 8 && wider.reduce((a, b) => a + b, 0) < 16) wider[unit]!++;
    return wider;
  };
  const start = [4, 4, 4, 4];
  await searchWidths(
    search({ refill, start, onCandidate: ({ widths }) => void sums.push(widths.reduce((a, b) => a + b, 0)) }),
  );
  expect(new Set(sums)).toEqual(new Set([16]));
});
