import { expect, test } from 'vitest';
import { differenceOf, equalPart } from '../../src/measure/outputs/difference.ts';

const whole = [Float32Array.of(1, 2, 3, 4)];
const parts = [Float32Array.of(1, 2), Float32Array.of(3, 4)];

test.each([
  ['the first', whole, parts],
  ['the second', parts, whole],
])('runs of other portions are the same numbers, where %s is whole', (_, expected, actual) => {
  expect(differenceOf(expected, actual).error).toBe(0);
  expect(equalPart(expected, actual)).toBe(1);
});

test('numbers that differ do so in any portions', () => {
  const changed = [Float32Array.of(1, 2), Float32Array.of(3, 0)];
  expect(differenceOf(whole, changed).error).toBeCloseTo(4 / Math.sqrt(30), 6);
  expect(equalPart(whole, changed)).toBe(0.75);
});
