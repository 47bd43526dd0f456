import type { Dim, Node, Shape } from '../graph.ts';
import { misfit, product, sizeOf } from './dims.ts';

/**
 * The result shape of Reshape for an input shape (null: unknown) and a target: 0 copies a dimension (unless `allowZero`), −1
 * is the remaining size. Symbols on both sides cancel.
 */
export function reshapedShape(
  node: Node,
  shape: Shape | null,
  { target, allowZero }: { readonly target: readonly Dim[]; readonly allowZero: boolean },
): Shape {
  const copied = target.map((dim, i) => dim === 0 && !allowZero && i < (shape?.length ?? Infinity));
  const result = target.map((dim, i): Dim => {
    if (copied[i]) return shape?.[i] ?? null;
    return typeof dim === 'number' && dim !== -1 ? sizeOf(node, dim) : dim;
  });
  const open = result.flatMap((dim, i) => (dim === -1 || (dim === null && !copied[i]) ? [i] : []));
  if (target.filter((dim) => dim === -1).length > 1) throw misfit(node, `expected one -1, got [${target}]`);
  if (shape && open.length === 0) checkCount(node, shape, result);
  for (const i of open) {
    const isOnly = shape && open.length === 1;
    result[i] = isOnly ? remainder(node, factors(shape), factorsOf(result, copied, i)) : null;
  }
  return result;
}

interface Factors {
  /** The product of the known dimensions. */
  readonly known: number;
  /** Symbols, and unknown dimensions by index. */
  readonly open: readonly string[];
}

function factors(shape: Shape, tokens: (index: number) => string = (i) => `?${i}`): Factors {
  const known = shape.reduce<number>((all, dim) => (typeof dim === 'number' ? all * dim : all), 1);
  const open = shape.flatMap((dim, i) =>
    typeof dim === 'number' ? [] : [dim === null ? tokens(i) : `$${dim}`],
  );
  return { known, open };
}

/** The factors of the target without the −1. A copied unknown dimension is the input's with that index. */
function factorsOf(result: Shape, copied: readonly boolean[], open: number): Factors {
  const rest = result.map((dim, i) => (i === open ? 1 : dim));
  return factors(rest, (i) => (copied[i] ? `?${i}` : `!${i}`));
}

/** The quotient of two products; null if symbols remain that do not cancel. */
function remainder(node: Node, whole: Factors, rest: Factors): Dim {
  const left = [...whole.open];
  for (const token of rest.open) {
    const at = left.indexOf(token);
    if (at < 0) return null;
    left.splice(at, 1);
  }
  if (rest.known === 0) return null;
  const quotient = whole.known / rest.known;
  if (left.length === 0) {
    if (!Number.isInteger(quotient)) {
      throw misfit(node, `expected a multiple of ${rest.known} elements, got ${whole.known}`);
    }
    return sizeOf(node, quotient);
  }
  const [last = ''] = left;
  return left.length === 1 && quotient === 1 && last.startsWith('$') ? last.slice(1) : null;
}

function checkCount(node: Node, shape: Shape, result: Shape): void {
  const expected = product(node, result);
  const found = product(node, shape);
  if (typeof expected === 'number' && typeof found === 'number' && expected !== found) {
    throw misfit(node, `expected ${expected} elements, got ${found}`);
  }
}
