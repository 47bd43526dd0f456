import { elementCount, type Tensor, toNumbers } from '../../../src/numeric/tensor.ts';

/** A row-major array in float64: what expected values are computed with. */
export interface Reference {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A tensor's elements in float64. */
export const referenceOf = (tensor: Tensor): Reference => ({
  shape: tensor.shape,
  data: Float64Array.from(toNumbers(tensor)),
});

export const zerosLike = (shape: readonly number[]): Reference => ({
  shape,
  data: new Float64Array(elementCount(shape)),
});

/** The array whose element at each index is f(index). */
export function generate(shape: readonly number[], f: (index: readonly number[]) => number): Reference {
  const array = zerosLike(shape);
  indicesOf(shape).forEach((index, offset) => {
    array.data[offset] = f(index);
  });
  return array;
}

/** All indices of a shape, row-major. */
export function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (indices, size) => indices.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
    [[]],
  );
}

/** The place of an index in the data. */
export const offsetOf = (shape: readonly number[], index: readonly number[]): number =>
  index.reduce((offset, i, axis) => offset * shape[axis]! + i, 0);

export const at = ({ shape, data }: Reference, index: readonly number[]): number =>
  data[offsetOf(shape, index)]!;

/** The element that numpy's broadcasting puts at an index of a larger shape. */
export function broadcastAt(array: Reference, index: readonly number[]): number {
  const own = index.slice(index.length - array.shape.length);
  return at(
    array,
    own.map((i, axis) => (array.shape[axis] === 1 ? 0 : i)),
  );
}

/** f of each pair of elements, the second array broadcast to the first. */
export const zip = (a: Reference, b: Reference, f: (x: number, y: number) => number): Reference =>
  generate(a.shape, (index) => f(at(a, index), broadcastAt(b, index)));

export const map = ({ shape, data }: Reference, f: (x: number) => number): Reference => ({
  shape,
  data: data.map(f),
});
