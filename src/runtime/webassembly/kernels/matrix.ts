import { type Node, staticShape, type Value } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import type { Fusion } from '../fusions.ts';
import type { Scope } from '../scope.ts';
import { addressOf, FLOAT } from '../storage.ts';
import {
  callFilterVectors,
  type FilterVectors,
  type PackedFilters,
  packFilters,
  shareUnits,
} from './filter-vectors.ts';
import type { KernelRow } from './kernel.ts';
import { lowerMatrixProduct } from './matrix-product.ts';

/** y[r, m] = Σ_k x[r, k] · w(m, k) + bias[m]. */
interface MatrixProduct {
  readonly x: Value;
  readonly rows: number;
  /** K. */
  readonly depth: number;
  /** M. */
  readonly columns: number;
  weight(m: number, k: number): number;
  readonly bias: Float32Array | null;
}

/** Rows whose sums are in registers at once. */
const ROWS = 4;

function lowerProduct(
  node: Node,
  product: MatrixProduct,
  { fusion, scope }: { fusion: Fusion; scope: Scope },
): void {
  const { x, rows, depth, columns } = product;
  const input = scope.dense(x);
  const residual = fusion.residual && scope.dense(fusion.residual);
  const output = scope.newDense(fusion.output);
  const shapeOf = (count: number): FilterVectors => ({
    filters: columns,
    taps: 1,
    channels: depth,
    offsets: Array.from({ length: count }, (_, row) => [row * depth * FLOAT]),
    weight: (m, k) => product.weight(m, k),
    bias: product.bias,
    fusion,
  });
  const full = Math.floor(rows / ROWS);
  const parts = [
    ...(full > 0 ? [{ packed: packFilters(shapeOf(ROWS), scope), from: 0, count: full, rows: ROWS }] : []),
    ...(rows % ROWS > 0
      ? [{ packed: packFilters(shapeOf(rows % ROWS), scope), from: full * ROWS, count: 1, rows: rows % ROWS }]
      : []),
  ];
  const calls = parts.flatMap(({ packed, from, count, rows: height }) =>
    Array.from({ length: count }, (_, tile) => ({ packed, row: from + tile * height })),
  );
  const countOf = ({ packed }: { readonly packed: PackedFilters }) => packed.blocks.length;
  scope.step({
    name: node.name,
    op: node.op,
    kernel: 'filter vectors',
    macs: rows * depth * columns,
    reads: [input.buffer, ...(residual ? [residual.buffer] : [])],
    writes: [output.buffer],
    units: calls.reduce((sum, call) => sum + countOf(call), 0),
    emit(code, emitter, units) {
      for (const { call, units: own } of shareUnits(calls, countOf, units)) {
        const { packed, row } = call;
        const place = (start: number) => (m: number, r: number) => start + FLOAT * ((row + r) * columns + m);
        callFilterVectors(code, emitter, {
          packed,
          units: own,
          call: {
            input: { first: addressOf(input) + FLOAT * row * depth, stride: FLOAT },
            outputs: place(addressOf(output)),
            residual: residual && place(addressOf(residual)),
          },
        });
      }
    },
  });
}

const dataOf = (value: Value | null | undefined): Float32Array | null =>
  (value?.tensor?.data as Float32Array | undefined) ?? null;

/** y = α·x·w + β·c, with constant w and a row c; other cases have been simplified. */
export const gemmRow: KernelRow = {
  fusible: { channelAxis: 1, takesResidual: true },
  lower({ node, fusion, scope }) {
    const [x, weight, bias] = node.inputs;
    const { alpha, beta, transB } = attributesOf(node, 'Gemm');
    const data = dataOf(weight);
    if (!x || !weight?.tensor || !data) return;
    const [first = 1, second = 1] = weight.tensor.shape;
    const [depth, columns] = transB ? [second, first] : [first, second];
    const [rows = 1] = staticShape(node.outputs[0] ?? x);
    const shift = dataOf(bias);
    lowerProduct(
      node,
      {
        x,
        rows,
        depth,
        columns,
        weight: (m, k) => alpha * (data[transB ? m * depth + k : k * columns + m] ?? 0),
        bias:
          shift && Float32Array.from({ length: columns }, (_, m) => beta * (shift[m % shift.length] ?? 0)),
      },
      { fusion, scope },
    );
  },
};

/** y = a·b. A product of few rows and a constant matrix is computed like a fully connected layer. */
export const matMulRow: KernelRow = {
  fusible: { channelAxis: -1, takesResidual: true },
  lower(lowering) {
    const { node, fusion, scope } = lowering;
    const [x, weight] = node.inputs;
    const data = dataOf(weight);
    const [depth = 1, columns = 1] = weight?.tensor?.shape ?? [];
    const rows = x ? elementCount(staticShape(x)) / depth : 0;
    if (!x || !data || weight?.tensor?.shape.length !== 2 || rows > ROWS) {
      lowerMatrixProduct(lowering);
      return;
    }
    lowerProduct(
      node,
      { x, rows, depth, columns, weight: (m, k) => data[k * columns + m] ?? 0, bias: null },
      { fusion, scope },
    );
  },
};
