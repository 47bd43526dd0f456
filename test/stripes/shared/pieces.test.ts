import { expect, it } from 'vitest';
import { sharedShapeRules } from '../../../src/stripes/shared/pieces.ts';

const sets = (living: readonly number[], kernel: readonly number[]) =>
  sharedShapeRules.rectangles(living, kernel).map(({ positions }) => positions.join());

const whole = (size: number) => [...Array(size).keys()];

it('takes an outer row or column off a box', () => {
  expect(sets(whole(9), [3, 3])).toEqual(['0,1,2', '6,7,8', '0,3,6', '2,5,8']);
  expect(sets([1, 2, 4, 5], [3, 3])).toEqual(['1,2', '4,5', '1,4', '2,5']);
});

it('takes an end off a row, and never all of it', () => {
  expect(sets([3, 4, 5], [3, 3])).toEqual(['3', '5']);
  expect(sets([1, 4], [3, 3])).toEqual(['1', '4']);
  expect(sets([2, 3], [5])).toEqual(['2', '3']);
});

it('takes the last position, and nothing where none is left', () => {
  expect(sets([4], [3, 3])).toEqual(['4']);
  expect(sets([], [3, 3])).toEqual([]);
});

it('takes outer planes off a box in three dimensions', () => {
  expect(sets(whole(8), [2, 2, 2])).toEqual([
    '0,1,2,3',
    '4,5,6,7',
    '0,1,4,5',
    '2,3,6,7',
    '0,2,4,6',
    '1,3,5,7',
  ]);
});
