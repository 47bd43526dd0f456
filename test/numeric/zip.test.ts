import { expect, expectTypeOf, it } from 'vitest';
import { zip } from '../../src/numeric/zip.ts';

it('reads lists together, with the type of each', () => {
  const rows = zip([1, 2], ['a', 'b'], Float32Array.of(0.5, 1.5));
  expect(rows).toEqual([
    [1, 'a', 0.5],
    [2, 'b', 1.5],
  ]);
  expectTypeOf(rows).toEqualTypeOf<[number, string, number][]>();
});

it('refuses lists of several lengths', () => {
  expect(() => zip([1, 2], [3])).toThrow('lists of 2 and 1 elements are read together');
});
