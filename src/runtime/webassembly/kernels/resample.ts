import type { Node } from '../../../graph/graph.ts';
import type { WeightedTaps } from '../../../graph/resize-taps.ts';
import type { Buffer } from '../../memory-plan.ts';
import type { Code, Local } from '../encoder/code.ts';
import type { Scope, Step } from '../scope.ts';
import { addressOf, FLOAT, LANES, type Planes } from '../storage.ts';
import { buffersOf } from './kernel.ts';
import { countUp, repeat } from './loops.ts';
import { storePixels } from './pixel-vectors.ts';
import { walkPlanes } from './walk-planes.ts';

/** y[r, c] = Σ_i Σ_j rows[r][i] · columns[c][j] · x[…], for each plane. */
export function resampleStep(
  node: Node,
  {
    x,
    y,
    rows,
    columns,
  }: { readonly x: Planes; readonly y: Planes; readonly rows: WeightedTaps; readonly columns: WeightedTaps },
  scope: Scope,
): Step {
  const [rowTaps, columnTaps] = [rows[0]?.length ?? 1, columns[0]?.length ?? 1];
  const weightsOf = (taps: WeightedTaps) =>
    scope.weights(Float32Array.from(taps.flat(), ({ weight }) => weight));
  const numbers = { rows: weightsOf(rows), columns: weightsOf(byVector(columns)) };
  // One line of scratch memory per plane, so that planes can be computed in parallel.
  const line = Math.ceil(x.geometry.width / LANES) * LANES;
  const sums: Buffer = {
    label: `${node.name} (rows)`,
    bytes: rowTaps > 1 ? FLOAT * line * y.planes.length : 0,
    persistent: false,
    offset: -1,
  };
  const sizes = { rowTaps, columnTaps, line };
  return {
    name: node.name,
    op: node.op,
    kernel: 'resample',
    macs: 0,
    reads: buffersOf(x.planes),
    writes: [...buffersOf(y.planes), ...(rowTaps > 1 ? [sums] : [])],
    units: y.planes.length,
    emit(code, emitter, { from, to }) {
      const { height, width, rowStride } = y.geometry;
      const made = emitter.kernel(
        `resample ${JSON.stringify([sizes, height, width, rowStride])}`,
        { parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
        (body, [input, end, output, rows, rowWeights, columns, columnWeights, sum]) =>
          writeKernel(body, {
            sizes,
            y,
            pointers: { input, end, output, rows, rowWeights, columns, columnWeights, sum },
          }),
      );
      const input = emitter.table(x.planes.map(addressOf));
      const offsets = (taps: WeightedTaps, stride: number) =>
        emitter.table(taps.flat().map(({ index }) => FLOAT * stride * index));
      code.i32(input + 4 * from);
      code.i32(input + 4 * to);
      code.i32(emitter.table(y.planes.map(addressOf)) + 4 * from);
      code.i32(offsets(rows, x.geometry.rowStride));
      code.i32(addressOf(numbers.rows));
      code.i32(offsets(byVector(columns), 1));
      code.i32(addressOf(numbers.columns));
      code.i32(sums.offset + FLOAT * line * from);
      code.call(made.index);
    },
  };
}

/** The taps of four consecutive columns together, first taps first; the last four end with the last column. */
function byVector(columns: WeightedTaps): WeightedTaps {
  const count = columns[0]?.length ?? 1;
  return Array.from({ length: Math.ceil(columns.length / LANES) }, (_, vector) => {
    const first = Math.max(0, Math.min(vector * LANES, columns.length - LANES));
    return Array.from({ length: count }, (_, t) =>
      Array.from({ length: LANES }, (_, lane) => columns[first + lane]?.[t] ?? { index: 0, weight: 0 }),
    ).flat();
  });
}

interface ResamplingCode {
  readonly sizes: { readonly rowTaps: number; readonly columnTaps: number; readonly line: number };
  readonly y: Planes;
  readonly pointers: {
    readonly input: Local<'i32'>;
    readonly end: Local<'i32'>;
    readonly output: Local<'i32'>;
    readonly rows: Local<'i32'>;
    readonly rowWeights: Local<'i32'>;
    readonly columns: Local<'i32'>;
    readonly columnWeights: Local<'i32'>;
    readonly sum: Local<'i32'>;
  };
}

function writeKernel(code: Code, written: ResamplingCode): void {
  const { sizes, y, pointers } = written;
  const { height, rowStride } = y.geometry;
  const [plane, target, row, rowWeight, source] = [
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
  ];
  const cursors = [
    { at: pointers.sum, bytes: FLOAT * sizes.line },
    { at: pointers.input, plane },
    { at: pointers.output, plane: target },
  ];
  walkPlanes(code, { cursors, at: pointers.input, end: pointers.end }, () => {
    code.get(pointers.rows);
    code.set(row);
    code.get(pointers.rowWeights);
    code.set(rowWeight);
    repeat(code, height, () => {
      if (sizes.rowTaps > 1) {
        sumRows(code, written, { plane, row, rowWeight });
        code.get(pointers.sum);
      } else {
        code.get(plane);
        code.get(row);
        code.memory('i32.load');
        code.op('i32.add');
      }
      code.set(source);
      sampleColumns(code, written, { source, target });
      code.increment(row, 4 * sizes.rowTaps);
      code.increment(rowWeight, FLOAT * sizes.rowTaps);
      code.increment(target, FLOAT * rowStride);
    });
  });
}

/** The weighted sum of the input rows of one result row. */
function sumRows(
  code: Code,
  { sizes, pointers }: ResamplingCode,
  {
    plane,
    row,
    rowWeight,
  }: { readonly plane: Local<'i32'>; readonly row: Local<'i32'>; readonly rowWeight: Local<'i32'> },
): void {
  const sum = code.local('v128');
  const offset = code.local('i32');
  const taps = Array.from({ length: sizes.rowTaps }, (_, t) => {
    const [from, weight] = [code.local('i32'), code.local('v128')];
    code.get(plane);
    code.get(row);
    code.memory('i32.load', 4 * t);
    code.op('i32.add');
    code.set(from);
    code.get(rowWeight);
    code.memory('v128.load32_splat', FLOAT * t);
    code.set(weight);
    return { from, weight };
  });
  code.i32(0);
  code.set(offset);
  repeat(code, sizes.line / LANES, () => {
    taps.forEach(({ from, weight }, t) => {
      code.get(from);
      code.get(offset);
      code.op('i32.add');
      code.memory('v128.load');
      code.get(weight);
      if (t === 0) {
        code.op('f32x4.mul');
        code.set(sum);
      } else code.multiplyAddTo(sum);
    });
    code.get(pointers.sum);
    code.get(offset);
    code.op('i32.add');
    code.get(sum);
    code.memory('v128.store');
    code.increment(offset, FLOAT * LANES);
  });
}

/** One row of the result, from an input row or a weighted sum of rows. */
function sampleColumns(
  code: Code,
  { sizes: { columnTaps }, y, pointers }: ResamplingCode,
  { source, target }: { readonly source: Local<'i32'>; readonly target: Local<'i32'> },
): void {
  const { width } = y.geometry;
  const [table, weights, place, index, last] = [
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
  ];
  const [pixels, sum] = [code.local('v128'), code.local('v128')];
  for (const [local, start] of [
    [table, pointers.columns],
    [weights, pointers.columnWeights],
    [place, target],
  ] as const) {
    code.get(start);
    code.set(local);
  }
  countUp(code, index, Math.ceil(width / LANES), () => {
    for (let t = 0; t < columnTaps; t++) {
      for (let lane = 0; lane < LANES; lane++) {
        code.get(source);
        code.get(table);
        code.memory('i32.load', 4 * (t * LANES + lane));
        code.op('i32.add');
        if (lane > 0) code.get(pixels);
        if (lane === 0) code.memory('v128.load32_zero');
        else code.lane('v128.load32_lane', lane);
        code.set(pixels);
      }
      code.get(pixels);
      if (columnTaps > 1) {
        code.get(weights);
        code.memory('v128.load', FLOAT * LANES * t);
        if (t > 0) {
          code.multiplyAddTo(sum);
          continue;
        }
        code.op('f32x4.mul');
      }
      code.set(sum);
    }
    storePixels(code, { address: place, vector: sum, columns: width });
    code.increment(table, 4 * LANES * columnTaps);
    code.increment(weights, FLOAT * LANES * columnTaps);
    code.increment(place, FLOAT * LANES);
    if (width % LANES === 0 || width < LANES) return;
    // The last vector ends with the row.
    code.get(place);
    code.get(target);
    code.i32(FLOAT * (width - LANES));
    code.op('i32.add');
    code.tee(last);
    code.get(place);
    code.get(last);
    code.op('i32.lt_u');
    code.op('select');
    code.set(place);
  });
}
