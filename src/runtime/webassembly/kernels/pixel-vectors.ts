import type { Code, Local } from '../encoder/code.ts';
import { FLOAT, type Geometry, isFlat, LANES } from '../storage.ts';

/** Where one feature map is met while the pixels of another are walked: bytes for each row and each column of those. */
export interface Walked {
  readonly row: number;
  readonly column: number;
}

/** The vectors of four neighbouring pixels that cover a plane; the last of a row overlaps the one before it. */
export interface PixelGrid {
  readonly rows: number;
  readonly columns: number;
}

/** Vectors in a grid. */
export const vectorsOf = ({ rows, columns }: PixelGrid): number => rows * Math.ceil(columns / LANES);

/** The grid of an output plane: one long row where every feature map that is walked lies without gaps. */
export const gridOf = ({ height, width }: Geometry, isWhole: boolean): PixelGrid =>
  isWhole ? { rows: 1, columns: height * width } : { rows: height, columns: width };

/** Steps of a feature map of which every `stride`-th pixel is met. */
export const walkedBy = ({ rowStride }: Geometry, strides: readonly [number, number] = [1, 1]): Walked => ({
  row: FLOAT * rowStride * strides[0],
  column: FLOAT * strides[1],
});

/** Whether pixels can be walked as one row in all of these. */
export const allFlat = (...geometries: readonly Geometry[]): boolean =>
  geometries.every((geometry) => isFlat(geometry) && geometry.height * geometry.width >= LANES);

/**
 * Writes a loop over the vectors of a grid, `count` at a time. `body` gets, for each feature map, the offsets of the vectors
 * from its plane's element (0, 0), in bytes. Past the end the last vector is computed again.
 With a `height` of more than 1 each vector stands for itself and those below it, in as many rows; a
 * grid must have that many.
 */
export function walkPixels(
  code: Code,
  {
    grid,
    count,
    maps,
    height = 1,
  }: {
    readonly grid: PixelGrid;
    readonly count: number;
    readonly maps: readonly Walked[];
    readonly height?: number;
  },
  body: (offsets: readonly (readonly Local<'i32'>[])[]) => void,
): void {
  const tileRows = Math.ceil(grid.rows / height);
  const tiles = Math.ceil(vectorsOf({ ...grid, rows: tileRows }) / count);
  const offsets = maps.map(() => Array.from({ length: count }, () => code.local('i32')));
  const rowOffsets = maps.map(() => code.local('i32'));
  const [column, clamped, row, tile] = [
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
  ];
  for (const local of [column, row, tile, ...rowOffsets]) {
    code.i32(0);
    code.set(local);
  }
  const step = () => {
    code.repeatWhile(() => {
      for (let v = 0; v < count; v++) {
        setOffsets(v);
        advance();
      }
      body(offsets);
      code.increment(tile, 1);
      code.get(tile);
      code.i32(tiles);
      code.op('i32.lt_u');
    });
  };
  const last = Math.max(0, grid.columns - LANES);
  const setOffsets = (v: number) => {
    code.get(column);
    code.i32(last);
    code.get(column);
    code.i32(last);
    code.op('i32.lt_s');
    code.op('select');
    code.set(clamped);
    maps.forEach((map, m) => {
      const [rowOffset, offset] = [rowOffsets[m], offsets[m]?.[v]];
      if (!rowOffset || !offset) return;
      code.get(clamped);
      code.i32(map.column);
      code.op('i32.mul');
      code.get(rowOffset);
      code.op('i32.add');
      code.set(offset);
    });
  };
  const advance = () => {
    code.increment(column, LANES);
    if (tileRows === 1) return;
    code.get(column);
    code.i32(grid.columns);
    code.op('i32.ge_s');
    code.get(row);
    code.i32(tileRows - 1);
    code.op('i32.lt_s');
    code.op('i32.mul');
    code.when(() => {
      code.i32(0);
      code.set(column);
      code.increment(row, 1);
      maps.forEach((map, m) => {
        const rowOffset = rowOffsets[m];
        if (rowOffset) code.increment(rowOffset, height * map.row);
      });
      if (grid.rows % height > 0) stepBack();
    });
  };
  // The last tile overlaps the one above it.
  const stepBack = () => {
    code.get(row);
    code.i32(tileRows - 1);
    code.op('i32.eq');
    code.when(() =>
      maps.forEach((map, m) => {
        const rowOffset = rowOffsets[m];
        if (rowOffset) code.increment(rowOffset, (grid.rows - height * tileRows) * map.row);
      }),
    );
  };
  step();
}

/** Stores the pixels of a vector that lie in a row of `columns`. */
export function storePixels(
  code: Code,
  {
    address,
    vector,
    columns,
  }: {
    readonly address: Local<'i32'>;
    readonly vector: Local<'v128'>;
    readonly columns: number;
  },
): void {
  for (let lane = 0; lane < (columns < LANES ? columns : 1); lane++) {
    code.get(address);
    code.get(vector);
    if (columns < LANES) code.lane('v128.store32_lane', lane, lane * FLOAT);
    else code.memory('v128.store');
  }
}
