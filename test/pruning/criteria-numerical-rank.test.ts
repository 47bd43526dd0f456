import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { expect, it } from 'vitest';
import { numericalRank } from '../../src/pruning/criteria/numerical-rank.ts';
import { normals } from '../support/run-graph.ts';

it.each([
  [6, 9, 3],
  [9, 6, 5],
  [7, 7, 7],
  [12, 12, 1],
])(
  'a product [%i, r]·[r, %i] has numerical rank r = %i, as its singular values say',
  (rows, columns, rank) => {
    const [a, b] = [
      Matrix.from1DArray(rows, rank, normals([rows, rank], 1).data),
      Matrix.from1DArray(rank, columns, normals([rank, columns], 2).data),
    ];
    const product = Float32Array.from(a.mmul(b).to1DArray());
    const values = new SingularValueDecomposition(Matrix.from1DArray(rows, columns, product), {
      autoTranspose: true,
    }).diagonal;
    expect(values.filter((value) => value > values[0]! * 12 * 2 ** -23)).toHaveLength(rank);
    expect(numericalRank(product, columns)).toBe(rank);
  },
);
