import type { Emitter } from '../emitter.ts';
import type { Code, Local } from '../encoder/code.ts';
import { writeEpilogue } from '../epilogue.ts';
import type { Fusion } from '../fusions.ts';
import { FLOAT, LANES } from '../storage.ts';
import { repeat } from './loops.ts';
import { storePixels } from './pixel-vectors.ts';

/** A matrix product: y[r, m] = Σ_k a[r, k] · b[k, m]. */
export interface ProductShape {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** Rows, and vectors of columns, whose sums are in registers. */
  readonly tile: { readonly rows: number; readonly vectors: number };
  /** Whether b is stored in panels of as many columns as the tile has. */
  readonly isPacked: boolean;
  readonly fusion: Fusion;
  readonly hasResidual: boolean;
}

interface WrittenProduct {
  readonly shape: ProductShape;
  readonly pointers: {
    readonly left: Local<'i32'>;
    readonly right: Local<'i32'>;
    readonly output: Local<'i32'>;
    readonly added: Local<'i32'>;
    readonly constants: Local<'i32'>;
  };
}

/** Writes loops over panels of columns and tiles of rows in each. The last of each overlaps the one before. */
export function writeMatrixProduct(code: Code, emitter: Emitter, { shape, pointers }: WrittenProduct): void {
  const { rows, depth, columns, tile, isPacked } = shape;
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
  else
    inTiles(columns, width, panel, (by) => {
      move([output, added, constants], by);
      // In a packed matrix, the last panel is stored like the others.
      if (!isPacked) move([right], by);
      else if (by > 0) move([right], depth * width);
    });
}

/** Writes one tile of the result. */
function writeTile(code: Code, emitter: Emitter, { shape, pointers }: WrittenProduct): void {
  const { depth, columns, tile, fusion } = shape;
  const { left, right, output, added, constants } = pointers;
  const sums = Array.from({ length: tile.rows }, () =>
    Array.from({ length: tile.vectors }, () => code.local('v128')),
  );
  const factors = Array.from({ length: tile.vectors }, () => code.local('v128'));
  const element = code.local('v128');
  const [from, by] = [code.local('i32'), code.local('i32')];
  const rowOfRight = shape.isPacked ? tile.vectors * LANES : columns;
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
  const turn = (k: number) => {
    factors.forEach((factor, v) => {
      code.get(by);
      code.memory('v128.load', FLOAT * (k * rowOfRight + v * LANES));
      code.set(factor);
    });
    sums.forEach((row, r) => {
      code.get(from);
      code.memory('v128.load32_splat', FLOAT * (r * depth + k));
      code.set(element);
      factors.forEach((factor, v) => {
        const sum = row[v];
        if (sum) code.multiplyAdd(element, factor, sum);
      });
    });
  };
  const unroll = [4, 2, 1].find((count) => depth % count === 0) ?? 1;
  repeat(code, depth / unroll, () => {
    for (let k = 0; k < unroll; k++) turn(k);
    code.increment(from, FLOAT * unroll);
    code.increment(by, FLOAT * unroll * rowOfRight);
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
