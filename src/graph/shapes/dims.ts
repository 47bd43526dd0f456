import { EspalierError } from '../../errors.ts';
import { zip } from '../../numeric/zip.ts';
import { type Dim, formatShape, type Node, nodeLabel, type Shape, type Value } from '../graph.ts';

/** The error for a node whose inputs do not fit together. */
export const misfit = (node: Node, message: string): EspalierError =>
  new EspalierError('shape', message, { where: nodeLabel(node) });

/** Shape types by rank. */
interface Shapes {
  1: readonly [Dim];
  2: readonly [Dim, Dim];
  4: readonly [Dim, Dim, Dim, Dim];
}

/** The shape of an input. Throws if its rank is known and not `rank`. */
export function shapeOfRank<R extends keyof Shapes>(node: Node, input: Value, rank: R): Shapes[R] | null {
  if (input.shape && input.shape.length !== rank) throw wrongRank(node, input, `${rank}`);
  return input.shape as Shapes[R] | null;
}

/** Shape types by minimum rank. */
interface LeastShapes {
  1: readonly [Dim, ...Dim[]];
  2: readonly [Dim, Dim, ...Dim[]];
  3: readonly [Dim, Dim, Dim, ...Dim[]];
}

/** The shape of an input. Throws if its rank is known and below `rank`. */
export function shapeOfLeastRank<R extends keyof LeastShapes>(
  node: Node,
  input: Value,
  rank: R,
): LeastShapes[R] | null {
  if (input.shape && input.shape.length < rank) throw wrongRank(node, input, `at least ${rank}`);
  return input.shape as LeastShapes[R] | null;
}

const wrongRank = (node: Node, { name, shape }: Value, wanted: string): EspalierError =>
  misfit(node, `expected ${wanted} dimensions of ${name}, got ${formatShape(shape)}`);

/** An axis counted from the front. Throws unless −rank ≤ axis < rank. */
export function axisOf(node: Node, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw misfit(node, `expected an axis in [${-rank}, ${rank - 1}], got ${axis}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Axes counted from the front. Throws if one occurs twice. */
export function axesOf(node: Node, axes: readonly number[], rank: number): number[] {
  const normal = axes.map((axis) => axisOf(node, axis, rank));
  if (new Set(normal).size < normal.length) throw misfit(node, `expected distinct axes, got [${axes}]`);
  return normal;
}

/** A computed dimension. Throws unless it is an integer from 0 to 2⁵³ − 1. */
export function sizeOf(node: Node, size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw misfit(node, `expected a dimension, got ${size}`);
  return size === 0 ? 0 : size; // no −0
}

/** Unifies two dimensions that must be equal. Throws if both are numbers and differ. */
export function equalDims(node: Node, what: string, expected: Dim, found: Dim): Dim {
  if (typeof expected === 'number' && typeof found === 'number' && expected !== found) {
    throw misfit(node, `expected ${expected} ${what}, got ${found}`);
  }
  return betterKnown(expected, found);
}

/** The more specific dimension: a number, else a symbol, else unknown. */
export function betterKnown(a: Dim, b: Dim): Dim {
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : (a ?? b);
}

/** The dimension if both are equal; null if they may differ. */
export const commonDim = (a: Dim, b: Dim): Dim => (a === b ? a : null);

/** The broadcast shape, as in NumPy; null if a rank is unknown. */
export function broadcast(node: Node, shapes: readonly (Shape | null)[]): Shape | null {
  let result: Shape = [];
  for (const shape of shapes) {
    if (!shape) return null;
    result = broadcastTwo(node, result, shape);
  }
  return result;
}

/** The broadcast shape of two known shapes. */
export function broadcastTwo(node: Node, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const padded = (shape: Shape) => [...new Array<Dim>(rank - shape.length).fill(1), ...shape];
  return zip(padded(a), padded(b)).map(([x, y]) => {
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    if (typeof x === 'number' && typeof y === 'number') {
      throw misfit(node, `expected shapes that broadcast, got ${formatShape(a)} and ${formatShape(b)}`);
    }
    return typeof x === 'number' ? x : typeof y === 'number' ? y : null;
  });
}

/** Throws if the first shape would have to be broadcast, too. */
export function checkStretches(
  node: Node,
  what: string,
  [to, from]: readonly [Shape | null, Shape | null],
): void {
  const stretched = to && from && broadcast(node, [to, from]);
  if (!stretched) return;
  if (stretched.length > to.length || stretched.some((dim, i) => to[i] === 1 && dim !== 1)) {
    throw misfit(node, `expected ${what} that broadcasts to ${formatShape(to)}, got ${formatShape(from)}`);
  }
}

/** a·b; a symbol times 1 is the symbol. */
export function product(node: Node, dims: readonly Dim[]): Dim {
  if (dims.includes(0)) return 0;
  const open = dims.filter((dim) => typeof dim !== 'number');
  const known = dims.reduce<number>((all, dim) => (typeof dim === 'number' ? all * dim : all), 1);
  if (open.length === 0) return sizeOf(node, known);
  const [only = null, ...others] = open;
  return others.length === 0 && known === 1 ? only : null;
}

/** a + b; a symbol plus 0 is the symbol. */
export function sum(node: Node, a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return sizeOf(node, a + b);
  return a === 0 ? b : b === 0 ? a : null;
}

/** A shape with unknown dimensions. */
export const unknownDims = (rank: number): Shape => new Array<Dim>(rank).fill(null);

/** A shape from the contents of a tensor. Throws if a number is no valid dimension. */
export function shapeFrom(node: Node, contents: readonly Dim[]): Shape {
  return contents.map((dim) => (typeof dim === 'number' ? sizeOf(node, dim) : dim));
}

/** The shape given by a one-dimensional input of n unknown elements: rank n; null if n is unknown. */
export function shapeOfUnknownContents({ shape }: Value): Shape | null {
  const length = shape?.[0];
  return typeof length === 'number' && length <= 64 ? unknownDims(length) : null;
}
