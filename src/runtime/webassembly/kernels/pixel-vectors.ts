import type { Code, Local } from '../encoder/code.ts';
import { FLOAT, type Geometry, isFlat, LANES } from '../storage.ts';
import { countUp } from './loops.ts';

/** A feature map that is read or written along with a grid of pixels: bytes per row and per column of the grid. */
export interface Walked {
  readonly row: number;
  readonly column: number;
}

/** The vectors of four neighbouring pixels that cover a plane; the last vector of a row overlaps the one before it. */
export interface PixelGrid {
  readonly rows: number;
  readonly columns: number;
}

/** Number of vectors in a grid. */
export const vectorsOf = ({ rows, columns }: PixelGrid): number => rows * Math.ceil(columns / LANES);

/** The grid of an output plane: one long row if no feature map has gaps. */
export const gridOf = ({ height, width }: Geometry, isWhole: boolean): PixelGrid =>
  isWhole ? { rows: 1, columns: height * width } : { rows: height, columns: width };

/** A feature map of which every `stride`-th pixel is read. */
export const walkedBy = ({ rowStride }: Geometry, strides: readonly [number, number] = [1, 1]): Walked => ({
  row: FLOAT * rowStride * strides[0],
  column: FLOAT * strides[1],
});

/** Whether the pixels of all these planes can be traversed as one row. */
export const allFlat = (...geometries: readonly Geometry[]): boolean =>
  geometries.every((geometry) => isFlat(geometry) && geometry.height * geometry.width >= LANES);

export interface PixelWalk {
  readonly grid: PixelGrid;
  /** Vectors per iteration. */
  readonly count: number;
  /** The feature maps that are read or written. */
  readonly maps: readonly Walked[];
  /**
   * If greater than 1, each vector represents itself and the vectors below it, in this many rows; the grid must have at least
   * as many rows.
   */
  readonly height?: number;
}

/** Position in a feature map: offsets from its plane's element (0, 0), in bytes. */
interface MapPosition {
  readonly map: Walked;
  readonly row: Local<'i32'>;
  readonly vectors: readonly Local<'i32'>[];
}

/** The current position of the loop. */
interface Position {
  readonly column: Local<'i32'>;
  readonly row: Local<'i32'>;
  readonly maps: readonly MapPosition[];
}

/**
 * Writes a loop over the vectors of a grid, `count` per iteration. For each feature map, `body` receives the offsets of the
 * vectors from its plane's element (0, 0), in bytes. Beyond the end, the last vector is computed again.
 */
export function walkPixels(
  code: Code,
  walk: PixelWalk,
  body: (offsets: readonly (readonly Local<'i32'>[])[]) => void,
): void {
  const { grid, count, maps, height = 1 } = walk;
  const tileRows = Math.ceil(grid.rows / height);
  const tiles = Math.ceil(vectorsOf({ ...grid, rows: tileRows }) / count);
  const tile = code.local('i32');
  const position: Position = {
    column: code.local('i32'),
    row: code.local('i32'),
    maps: maps.map((map) => ({
      map,
      row: code.local('i32'),
      vectors: Array.from({ length: count }, () => code.local('i32')),
    })),
  };
  for (const local of [position.column, position.row, ...position.maps.map(({ row }) => row)]) {
    code.i32(0);
    code.set(local);
  }
  countUp(code, tile, tiles, () => {
    for (let v = 0; v < count; v++) {
      setOffsets(code, position, { grid, v });
      advance(code, position, { grid, tileRows, height });
    }
    body(position.maps.map(({ vectors }) => vectors));
  });
}

/** Sets the offsets of vector v. The last vector of a row begins so that it ends with the row. */
function setOffsets(
  code: Code,
  { column, maps }: Position,
  { grid, v }: { readonly grid: PixelGrid; readonly v: number },
): void {
  const last = Math.max(0, grid.columns - LANES);
  const clamped = code.local('i32');
  code.get(column);
  code.i32(last);
  code.get(column);
  code.i32(last);
  code.op('i32.lt_s');
  code.op('select');
  code.set(clamped);
  for (const { map, row, vectors } of maps) {
    const offset = vectors[v];
    if (!offset) continue;
    code.get(clamped);
    code.i32(map.column);
    code.op('i32.mul');
    code.get(row);
    code.op('i32.add');
    code.set(offset);
  }
}

interface Extent {
  readonly grid: PixelGrid;
  readonly tileRows: number;
  readonly height: number;
}

/** Advances to the next vector of the row, or to the first of the next row; stays at the last vector. */
function advance(code: Code, { column, row, maps }: Position, { grid, tileRows, height }: Extent): void {
  code.increment(column, LANES);
  if (tileRows === 1) return;
  const move = (rows: number) => {
    for (const each of maps) code.increment(each.row, rows * each.map.row);
  };
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
    move(height);
    if (grid.rows % height === 0) return;
    // The last tile overlaps the one above it.
    code.get(row);
    code.i32(tileRows - 1);
    code.op('i32.eq');
    code.when(() => move(grid.rows - height * tileRows));
  });
}

/** Stores the pixels of a vector that lie within a row of `columns` pixels. */
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
