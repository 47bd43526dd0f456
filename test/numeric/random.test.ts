import { expect, test } from 'vitest';
import { fillDrawn, random } from '../../src/numeric/random.ts';

test('a small array is drawn element by element', () => {
  const { normal } = random(3);
  const expected = Float32Array.from({ length: 1000 }, normal);
  expect(fillDrawn(new Float32Array(1000), random(3).normal)).toEqual(expected);
});

test('a large array repeats its first million, whose images and rows all differ', () => {
  let draws = 0;
  const filled = fillDrawn(new Int32Array(3_000_001), () => ++draws);
  expect(draws).toBe(1_048_573);
  expect(filled.every((number, i) => number === (i % draws) + 1)).toBe(true);
  const rows = Array.from({ length: 3000 }, (_, row) => filled[row * 1000]);
  expect(new Set(rows).size).toBe(rows.length);
});
