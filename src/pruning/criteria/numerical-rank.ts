/**
 * The numerical rank of a row-major float32 matrix: rows are orthogonalised, longest first (Gram–Schmidt with pivoting),
 * until all remaining rows are shorter than max(m, n)·ε times the first. A singular value decomposition takes ten times as
 * long, and differs only if the matrix is within rounding of a lower rank.
 */
export function numericalRank(matrix: Float32Array, columns: number): number {
  const work = Float64Array.from(matrix);
  const rows = matrix.length / columns;
  const squares = new Float64Array(rows);
  let least = 0;
  for (let rank = 0; rank < Math.min(rows, columns); rank++) {
    const pivot = longestRow(work, squares, { columns, rank });
    if (rank === 0) least = squares[pivot]! * (Math.max(rows, columns) * EPSILON) ** 2;
    if (!(squares[pivot]! > least)) return rank;
    swapRows(work, columns, [rank, pivot]);
    subtractProjections(work, squares[pivot]!, { columns, rank });
  }
  return Math.min(rows, columns);
}

/** The relative precision of float32. */
const EPSILON = 2 ** -23;

interface Elimination {
  readonly columns: number;
  /** Number of rows that are already orthogonalised. */
  readonly rank: number;
}

/**
 * Computes the squared lengths of the remaining rows and returns the longest. They are summed anew each time, since updating
 * them would cancel digits.
 */
function longestRow(work: Float64Array, squares: Float64Array, { columns, rank }: Elimination): number {
  let longest = rank;
  for (let row = rank; row < squares.length; row++) {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += work[i]! * work[i]!;
    squares[row] = sum;
    if (sum > squares[longest]!) longest = row;
  }
  return longest;
}

function swapRows(work: Float64Array, columns: number, [a, b]: readonly [number, number]): void {
  if (a === b) return;
  const row = work.slice(a * columns, (a + 1) * columns);
  work.copyWithin(a * columns, b * columns, (b + 1) * columns);
  work.set(row, b * columns);
}

function subtractProjections(work: Float64Array, square: number, { columns, rank }: Elimination): void {
  const first = rank * columns;
  for (let row = first + columns; row < work.length; row += columns) {
    let product = 0;
    for (let i = 0; i < columns; i++) product += work[row + i]! * work[first + i]!;
    if (product === 0) continue;
    const factor = product / square;
    for (let i = 0; i < columns; i++) work[row + i]! -= factor * work[first + i]!;
  }
}
