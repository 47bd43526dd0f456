import { EspalierError } from '../../src/errors.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';

/** The filters (rows) and input channels (columns) of a weight that a part of it still has. */
export interface Kept {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/**
 * Which rows and columns of a weight a part of it consists of, told by its elements alone. Throws `verification` where it is no
 * such part.
 */
export function keptOf(whole: Tensor, part: Tensor, where: string): Kept {
  const rows = matches(slices(part, 0), slices(whole, 0));
  const columns = matches(slices(part, 1), slices(rowsOf(whole, rows), 1));
  const kept = { rows, columns };
  if (isPart(whole, part, kept)) return kept;
  const message = `expected rows and columns of the weights [${whole.shape}], found others of [${part.shape}]`;
  throw new EspalierError('verification', message, { where });
}

/** The elements of every index of an axis. */
function slices({ shape, data }: Tensor, axis: 0 | 1): Float32Array[] {
  const weights = data as Float32Array;
  const [filters, inputs] = [shape[0]!, shape[1]!];
  const size = weights.length / filters / inputs;
  if (axis === 0)
    return Array.from({ length: filters }, (_, m) =>
      weights.subarray(m * inputs * size, (m + 1) * inputs * size),
    );
  return Array.from({ length: inputs }, (_, c) =>
    Float32Array.from({ length: filters * size }, (_, i) => {
      const [m, k] = [Math.floor(i / size), i % size];
      return weights[(m * inputs + c) * size + k]!;
    }),
  );
}

/** For each slice of a part the first of the whole, behind the one before, that has all its elements. */
function matches(part: readonly Float32Array[], whole: readonly Float32Array[]): number[] {
  const found: number[] = [];
  let at = 0;
  for (const slice of part) {
    while (at < whole.length && !hasAll(whole[at]!, slice)) at++;
    found.push(at++);
  }
  return found;
}

function hasAll(whole: Float32Array, part: Float32Array): boolean {
  if (!whole.includes(part[0]!)) return false;
  const elements = new Set(whole);
  return part.every((element) => elements.has(element));
}

const rowsOf = ({ dtype, shape, data }: Tensor, rows: readonly number[]): Tensor => {
  const size = (data as Float32Array).length / shape[0]!;
  const picked = new Float32Array(rows.length * size);
  rows.forEach((m, i) => picked.set((data as Float32Array).subarray(m * size, (m + 1) * size), i * size));
  return { dtype, shape: [rows.length, ...shape.slice(1)], data: picked };
};

function isPart(whole: Tensor, part: Tensor, { rows, columns }: Kept): boolean {
  const [all, some] = [whole.data as Float32Array, part.data as Float32Array];
  const [inputs, size] = [whole.shape[1]!, all.length / whole.shape[0]! / whole.shape[1]!];
  if (rows.some((m) => m >= whole.shape[0]!) || columns.some((c) => c >= inputs)) return false;
  return some.every((element, i) => {
    const k = i % size;
    const c = columns[Math.floor(i / size) % columns.length]!;
    const m = rows[Math.floor(i / size / columns.length)]!;
    return element === all[(m * inputs + c) * size + k];
  });
}
