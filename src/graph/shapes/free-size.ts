import type { Dim } from '../graph.ts';

/** Longer symbols become unknown, since they would grow with each layer. */
const LONGEST_SYMBOL = 160;

/**
 * ⌊(size + offset)/divisor⌋ of an open size, as a symbol that describes the computation, so that sizes computed in the same
 * way are known to be equal. null if the symbol would be too long.
 *
 * @example sizeComputedOf('H', { offset: 1, divisor: 2 }) // 'floor((H+1)/2)'
 */
export function sizeComputedOf(
  size: string,
  { offset, divisor }: { readonly offset: number; readonly divisor: number },
): Dim {
  if (offset === 0 && divisor === 1) return size;
  const sum = offset === 0 ? size : `${size}${offset < 0 ? '' : '+'}${offset}`;
  const symbol = divisor === 1 ? `(${sum})` : `floor((${sum})/${divisor})`;
  return symbol.length > LONGEST_SYMBOL ? null : symbol;
}

/** The size that a symbol represents, if the sizes it is computed from are known; else the symbol. */
export function sizeOfSymbol(symbol: string, sizes: ReadonlyMap<string, number>): number | string {
  const given = sizes.get(symbol);
  if (given !== undefined) return given;
  const [, inner, divisor = '1'] =
    /^floor\(\((.+)\)\/(\d+)\)$/.exec(symbol) ?? /^\((.+)\)$/.exec(symbol) ?? [];
  if (inner === undefined) return symbol;
  const [, term, offset = '0'] = /^(.*?)([+-]\d+)?$/.exec(inner) as unknown as [string, string, string?];
  const size = sizeOfSymbol(term, sizes);
  return typeof size === 'number' ? Math.floor((size + Number(offset)) / Number(divisor)) : symbol;
}
