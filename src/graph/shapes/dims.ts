import { EspalierError } from '../../errors.ts';
import { type Dim, formatShape, type Node, nodeLabel, requiredInput, type Shape } from '../graph.ts';
import type { Call } from './rule.ts';

/** The error of a node whose inputs do not fit together. */
export const misfit = (node: Node, message: string): EspalierError =>
  new EspalierError('shape', message, { where: nodeLabel(node) });

/** The shape of the input that must be there; throws unless its rank, where known, is in [lowest, highest]. */
export function shapeOf(
  { node }: Call,
  index: number,
  [lowest, highest]: readonly [number, number] = [0, Number.POSITIVE_INFINITY],
): Shape | null {
  const { shape, name } = requiredInput(node, index);
  if (shape && (shape.length < lowest || shape.length > highest)) {
    const wanted = lowest === highest ? `${lowest}` : `at least ${lowest}`;
    throw misfit(node, `expected ${wanted} dimensions of ${name}, got ${formatShape(shape)}`);
  }
  return shape;
}

/** An axis counted from the front; throws unless −rank ≤ axis < rank. */
export function axisOf(node: Node, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw misfit(node, `expected an axis in [${-rank}, ${rank - 1}], got ${axis}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Axes counted from the front, each once. */
export function axesOf(node: Node, axes: readonly number[], rank: number): number[] {
  const normal = axes.map((axis) => axisOf(node, axis, rank));
  if (new Set(normal).size < normal.length) throw misfit(node, `expected distinct axes, got [${axes}]`);
  return normal;
}

/** A computed dimension; throws unless it is an integer from 0 to 2⁵³ − 1. */
export function sizeOf(node: Node, size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw misfit(node, `expected a dimension, got ${size}`);
  return size === 0 ? 0 : size; // no −0
}

/** Two dimensions that must be equal: the better known of them; throws where both are numbers and differ. */
export function equalDims(node: Node, what: string, expected: Dim, found: Dim): Dim {
  if (typeof expected === 'number' && typeof found === 'number' && expected !== found) {
    throw misfit(node, `expected ${expected} ${what}, got ${found}`);
  }
  return betterKnown(expected, found);
}

/** A number before a symbol before an unknown. */
export function betterKnown(a: Dim, b: Dim): Dim {
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : (a ?? b);
}

/** The one dimension where both agree, null where they may differ. */
export const commonDim = (a: Dim, b: Dim): Dim => (a === b ? a : null);

/** Shapes stretched to one another as NumPy does; null while a rank is unknown. */
export function broadcast(node: Node, shapes: readonly (Shape | null)[]): Shape | null {
  let result: Shape = [];
  for (const shape of shapes) {
    if (!shape) return null;
    result = broadcastTwo(node, result, shape);
  }
  return result;
}

function broadcastTwo(node: Node, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = i < rank - a.length ? 1 : a[i - rank + a.length]!;
    const y = i < rank - b.length ? 1 : b[i - rank + b.length]!;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    if (typeof x === 'number' && typeof y === 'number') {
      throw misfit(node, `expected shapes that broadcast, got ${formatShape(a)} and ${formatShape(b)}`);
    }
    return typeof x === 'number' ? x : typeof y === 'number' ? y : null;
  });
}

/** Throws where the second shape broadcasts to the first only by stretching that too. */
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
  return open.length === 1 && known === 1 ? open[0]! : null;
}

/** a + b; a symbol plus 0 is the symbol. */
export function sum(node: Node, a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return sizeOf(node, a + b);
  return a === 0 ? b : b === 0 ? a : null;
}

/** A shape of unknown dimensions. */
export const unknownDims = (rank: number): Shape => new Array<Dim>(rank).fill(null);

/** A shape from contents; throws where a number is no dimension. */
export function shapeFrom(node: Node, contents: readonly Dim[]): Shape {
  return contents.map((dim) => (typeof dim === 'number' ? sizeOf(node, dim) : dim));
}

/** The shape of rank n that a one-dimensional input of n unknown elements stands for; null where n is unknown. */
export function shapeOfUnknownContents({ inputs }: Call, index: number): Shape | null {
  const length = inputs[index]?.shape?.[0];
  return typeof length === 'number' && length <= 64 ? unknownDims(length) : null;
}
