import { requiredInput } from '../../../graph/graph.ts';
import type { Emitter } from '../emitter.ts';
import type { Code, Local } from '../encoder/code.ts';
import { channelConstants, epilogueKey, writeEpilogue } from '../epilogue.ts';
import type { Fusion } from '../fusions.ts';
import { addressOf, type Dense, elementsOf, FLOAT, LANES } from '../storage.ts';
import type { Lowering } from './kernel.ts';
import { repeat } from './loops.ts';
import { storePixels } from './pixel-vectors.ts';
import { indicesOf } from './placement.ts';
import { stridesOf } from './strided-copy.ts';

/** Rows whose sums are held in registers, with vectors of columns. */
const ROWS = 4;
const VECTORS = 3;

/** A product of matrices: y[r, m] = Σ_k a[r, k] · b[k, m]. */
interface ProductShape {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** Rows, and vectors of columns, in registers. */
  readonly tile: { readonly rows: number; readonly vectors: number };
  readonly fusion: Fusion;
  readonly hasResidual: boolean;
}

/** y = a·b of stacks of matrices [..., rows, depth] and [..., depth, columns], which broadcast. */
export function lowerMatrixProduct({ node, fusion, scope }: Lowering): void {
  const [a, b] = [scope.dense(requiredInput(node, 0)), scope.dense(requiredInput(node, 1))];
  const residual = fusion.residual && scope.dense(fusion.residual);
  const y = scope.newDense(fusion.output);
  const [rows = 1, columns = 1] = y.shape.slice(-2);
  const [depth = 1] = a.shape.slice(-1);
  const lead = y.shape.slice(0, -2);
  const shape: ProductShape = {
    rows,
    depth,
    columns,
    tile: {
      rows: Math.min(ROWS, rows),
      vectors: Math.max(1, Math.min(VECTORS, Math.floor(columns / LANES))),
    },
    fusion,
    hasResidual: residual !== null,
  };
  const numbers = scope.weights(Float32Array.from(channelConstants(fusion).flatMap((data) => [...data])));
  const products = elementsOf(lead);
  scope.step({
    name: node.name,
    op: node.op,
    kernel: `matrix ${shape.tile.rows}×${shape.tile.vectors}`,
    macs: products * rows * depth * columns,
    reads: [a.buffer, b.buffer, ...(residual ? [residual.buffer] : [])],
    writes: [y.buffer],
    emit(code, emitter) {
      const made = emitter.kernel(
        `matrix ${JSON.stringify([rows, depth, columns, shape.hasResidual])} ${epilogueKey(fusion)}`,
        { parameters: ['i32', 'i32', 'i32', 'i32', 'i32'] },
        (body, [left, right, output, added, constants]) =>
          writeProduct(body, emitter, { shape, pointers: { left, right, output, added, constants } }),
      );
      for (let i = 0; i < products; i++) {
        for (const dense of [a, b, y, residual]) code.i32(dense ? matrixAddress(dense, i, lead) : 0);
        code.i32(addressOf(numbers));
        code.call(made.index);
      }
    },
  });
}

/** Where the matrix that broadcasting pairs with the i-th of the result begins. */
function matrixAddress(dense: Dense, i: number, lead: readonly number[]): number {
  const own = dense.shape.slice(0, -2);
  const strides = stridesOf(dense.shape);
  const index = indicesOf(i, lead).slice(lead.length - own.length);
  const offset = index.reduce((sum, at, axis) => sum + (own[axis] === 1 ? 0 : at * (strides[axis] ?? 0)), 0);
  return addressOf(dense) + FLOAT * offset;
}

interface Written {
  readonly shape: ProductShape;
  readonly pointers: {
    readonly left: Local<'i32'>;
    readonly right: Local<'i32'>;
    readonly output: Local<'i32'>;
    readonly added: Local<'i32'>;
    readonly constants: Local<'i32'>;
  };
}

/** Panels of columns, and tiles of rows in each; the last ones are moved back to where they fit. */
function writeProduct(code: Code, emitter: Emitter, { shape, pointers }: Written): void {
  const { rows, depth, columns, tile } = shape;
  const { left, right, output, added, constants } = pointers;
  const width = tile.vectors * LANES;
  const [rowLeft, rowOutput, rowAdded] = [code.local('i32'), code.local('i32'), code.local('i32')];
  const move = (locals: readonly Local<'i32'>[], floats: number) => {
    for (const local of locals) if (floats !== 0) code.increment(local, FLOAT * floats);
  };
  const inTiles = (size: number, step: number, body: () => void, advance: (by: number) => void) => {
    repeat(code, Math.floor(size / step), () => {
      body();
      advance(step);
    });
    const rest = size % step;
    if (rest === 0 || size < step) return;
    advance(rest - step);
    body();
  };
  const rowTile = () =>
    writeTile(code, emitter, {
      shape,
      pointers: { left: rowLeft, right, output: rowOutput, added: rowAdded, constants },
    });
  const panel = () => {
    for (const [local, start] of [
      [rowLeft, left],
      [rowOutput, output],
      [rowAdded, added],
    ] as const) {
      code.get(start);
      code.set(local);
    }
    inTiles(rows, tile.rows, rowTile, (by) => {
      move([rowLeft], by * depth);
      move([rowOutput, rowAdded], by * columns);
    });
  };
  if (columns < LANES) panel();
  else inTiles(columns, width, panel, (by) => move([right, output, added, constants], by));
}

/** A tile of the result. */
function writeTile(code: Code, emitter: Emitter, { shape, pointers }: Written): void {
  const { depth, columns, tile, fusion } = shape;
  const { left, right, output, added, constants } = pointers;
  const sums = Array.from({ length: tile.rows }, () =>
    Array.from({ length: tile.vectors }, () => code.local('v128')),
  );
  const factors = Array.from({ length: tile.vectors }, () => code.local('v128'));
  const element = code.local('v128');
  const [from, by] = [code.local('i32'), code.local('i32')];
  const at = (row: number, vector: number) => FLOAT * (row * columns + vector * LANES);
  sums.forEach((row, r) =>
    row.forEach((sum, v) => {
      if (shape.hasResidual) {
        code.get(added);
        code.memory('v128.load', at(r, v));
      } else code.f32x4(0);
      code.set(sum);
    }),
  );
  code.get(left);
  code.set(from);
  code.get(right);
  code.set(by);
  repeat(code, depth, () => {
    factors.forEach((factor, v) => {
      code.get(by);
      code.memory('v128.load', FLOAT * v * LANES);
      code.set(factor);
    });
    sums.forEach((row, r) => {
      code.get(from);
      code.memory('v128.load32_splat', FLOAT * r * depth);
      code.set(element);
      factors.forEach((factor, v) => {
        const sum = row[v];
        if (sum) code.multiplyAdd(element, factor, sum);
      });
    });
    code.increment(from, FLOAT);
    code.increment(by, FLOAT * columns);
  });
  const place = code.local('i32');
  sums.forEach((row, r) =>
    row.forEach((vector, v) => {
      writeEpilogue(code, emitter, {
        fusion,
        vector,
        pushConstant: (index) => {
          code.get(constants);
          code.memory('v128.load', FLOAT * (index * columns + v * LANES));
        },
      });
      code.get(output);
      code.i32(at(r, v));
      code.op('i32.add');
      code.set(place);
      storePixels(code, { address: place, vector, columns: Math.min(LANES, columns) });
    }),
  );
}
