import { at, broadcastAt, generate, indicesOf, offsetOf, type Reference, zerosLike } from './array.ts';

/** y = a·b over the last two axes; those before broadcast. */
export function matMul(a: Reference, b: Reference): Reference {
  const [rows, inner, columns] = [a.shape.at(-2)!, a.shape.at(-1)!, b.shape.at(-1)!];
  const rank = Math.max(a.shape.length, b.shape.length);
  const batch = Array.from({ length: rank - 2 }, (_, axis) =>
    Math.max(a.shape.at(axis - rank) ?? 1, b.shape.at(axis - rank) ?? 1),
  );
  return generate([...batch, rows, columns], (index) => {
    const [outer, row, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    let sum = 0;
    for (let k = 0; k < inner; k++)
      sum += broadcastAt(a, [...outer, row, k]) * broadcastAt(b, [...outer, k, column]);
    return sum;
  });
}

export const transpose = (a: Reference): Reference =>
  generate([a.shape[1]!, a.shape[0]!], ([i, j]) => at(a, [j!, i!]));

/** Σ over axes, which stay with length 1. */
export function sumOver(x: Reference, axes: readonly number[]): Reference {
  const y = zerosLike(x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)));
  for (const index of indicesOf(x.shape)) {
    const kept = index.map((i, axis) => (axes.includes(axis) ? 0 : i));
    y.data[offsetOf(y.shape, kept)]! += at(x, index);
  }
  return y;
}
