import { assert } from '../errors.ts';

/**
 * Combines lists elementwise: `zip([1, 2], ['a', 'b'])` is `[[1, 'a'], [2, 'b']]`. Lists of different lengths are a bug of
 * the caller.
 */
export function zip<T extends readonly unknown[]>(
  ...lists: { readonly [I in keyof T]: ArrayLike<T[I]> }
): { -readonly [I in keyof T]: T[I] }[] {
  const [first, ...others] = lists;
  const length = first?.length ?? 0;
  for (const list of others) {
    assert(list.length === length, `lists of ${length} and ${list.length} elements are read together`);
  }
  return Array.from({ length }, (_, i) => lists.map((list) => list[i])) as {
    -readonly [I in keyof T]: T[I];
  }[];
}
