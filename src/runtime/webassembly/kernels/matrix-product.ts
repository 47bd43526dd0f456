import { requiredInput, type Value } from '../../../graph/graph.ts';
import { elementCount, stridesOf } from '../../../numeric/tensor.ts';
import { channelConstants, epilogueKey } from '../epilogue.ts';
import type { Scope } from '../scope.ts';
import { addressOf, type Dense, FLOAT, LANES } from '../storage.ts';
import type { Lowering } from './kernel.ts';
import { type ProductShape, writeMatrixProduct } from './matrix-tiles.ts';
import { indicesOf } from './placement.ts';

/** Rows per tile, whose sums are in registers with vectors of columns. */
const ROWS = 4;
const VECTORS = 3;

/** y = a·b for stacks of matrices [..., rows, depth] and [..., depth, columns] that broadcast. */
export function lowerMatrixProduct({ node, fusion, scope }: Lowering): void {
  const a = scope.dense(requiredInput(node, 0));
  const right = requiredInput(node, 1);
  const residual = fusion.residual && scope.dense(fusion.residual);
  const y = scope.newDense(fusion.output);
  const [rows = 1, columns = 1] = y.shape.slice(-2);
  const [depth = 1] = a.shape.slice(-1);
  const lead = y.shape.slice(0, -2);
  const vectors = Math.max(1, Math.min(VECTORS, Math.floor(columns / LANES)));
  const isPacked = right.tensor?.shape.length === 2 && columns >= LANES;
  const b = isPacked ? packed(right, vectors * LANES, scope) : scope.dense(right);
  const shape: ProductShape = {
    rows,
    depth,
    columns,
    tile: { rows: Math.min(ROWS, rows), vectors },
    isPacked,
    fusion,
    hasResidual: residual !== null,
  };
  const numbers = scope.weights(Float32Array.from(channelConstants(fusion).flatMap((data) => [...data])));
  const products = elementCount(lead);
  scope.step({
    name: node.name,
    op: node.op,
    kernel: `matrix ${shape.tile.rows}×${shape.tile.vectors}`,
    macs: products * rows * depth * columns,
    reads: [a.buffer, b.buffer, ...(residual ? [residual.buffer] : [])],
    writes: [y.buffer],
    emit(code, emitter) {
      const made = emitter.kernel(
        `matrix ${JSON.stringify([rows, depth, columns, isPacked, shape.hasResidual])} ${epilogueKey(fusion)}`,
        { parameters: ['i32', 'i32', 'i32', 'i32', 'i32'] },
        (body, [left, right, output, added, constants]) =>
          writeMatrixProduct(body, emitter, { shape, pointers: { left, right, output, added, constants } }),
      );
      for (let i = 0; i < products; i++) {
        for (const dense of [a, b, y, residual]) code.i32(dense ? matrixAddress(dense, i, lead) : 0);
        code.i32(addressOf(numbers));
        code.call(made.index);
      }
    },
  });
}

/**
 * A constant matrix as contiguous panels of `width` columns. The last panel ends at the last column and may overlap the one
 * before.
 */
function packed({ tensor }: Value, width: number, scope: Scope): Dense {
  const [depth = 1, columns = 1] = tensor?.shape ?? [];
  const data = tensor?.data as Float32Array;
  const panels = Math.ceil(columns / width);
  const all = new Float32Array(panels * depth * width);
  for (let panel = 0; panel < panels; panel++) {
    const first = Math.min(panel * width, columns - width);
    for (let k = 0; k < depth; k++)
      all.set(data.subarray(k * columns + first, k * columns + first + width), (panel * depth + k) * width);
  }
  return { kind: 'dense', shape: [depth, panels * width], ...scope.weights(all) };
}

/** The address of the matrix that broadcasting pairs with the i-th of the result. */
function matrixAddress(dense: Dense, i: number, lead: readonly number[]): number {
  const own = dense.shape.slice(0, -2);
  const strides = stridesOf(dense.shape);
  const index = indicesOf(i, lead).slice(lead.length - own.length);
  const offset = index.reduce((sum, at, axis) => sum + (own[axis] === 1 ? 0 : at * (strides[axis] ?? 0)), 0);
  return addressOf(dense) + FLOAT * offset;
}
