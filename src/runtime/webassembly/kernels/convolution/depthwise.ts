import { zip } from '../../../../numeric/zip.ts';
import type { Weights } from '../../allocator.ts';
import type { Emitter } from '../../emitter.ts';
import type { Code, Local } from '../../encoder/code.ts';
import { channelConstants, epilogueKey, writeEpilogue } from '../../epilogue.ts';
import type { Scope, Step, UnitRange } from '../../scope.ts';
import { addressOf, FLOAT, type Plane } from '../../storage.ts';
import { shareUnits } from '../filter-vectors.ts';
import { buffersOf } from '../kernel.ts';
import { loadPixels } from '../load-pixels.ts';
import { gridOf, walkedBy, walkPixels } from '../pixel-vectors.ts';
import { walkPlanes } from '../walk-planes.ts';
import type { PlacedConvolution } from './direct.ts';
import { livingPositions } from './filter-blocks.ts';

/** Output rows computed together, since they read the same pixels. */
const ROWS = 4;

/** Filters with the same skeleton, each of which reads one channel. */
interface SameShape {
  readonly positions: readonly number[];
  readonly filters: readonly number[];
  /** For each filter: its non-zero weights, its bias, its constants of the epilogue. */
  readonly numbers: Weights;
  readonly perFilter: number;
}

/** A convolution whose filters read one channel each. */
export function depthwiseConvolution(placed: PlacedConvolution, scope: Scope): Step {
  const { conv, x, y, residual } = placed;
  const shapes = filtersByShape(placed, scope);
  const images = y.planes.length / conv.filters;
  const calls = Array.from({ length: images }, (_, image) =>
    shapes.map((shape) => ({ image, shape })),
  ).flat();
  const countOf = ({ shape }: { readonly shape: SameShape }) => shape.filters.length;
  const { height, width } = y.geometry;
  const weights = shapes.reduce((sum, { positions, filters }) => sum + positions.length * filters.length, 0);
  return {
    name: conv.name,
    op: 'Conv',
    kernel: 'depthwise',
    macs: images * height * width * weights,
    reads: [...buffersOf(x.planes), ...(residual ? buffersOf(residual.planes) : [])],
    writes: buffersOf(y.planes),
    units: calls.reduce((sum, call) => sum + countOf(call), 0),
    emit(code, emitter, units) {
      for (const { call, units: own } of shareUnits(calls, countOf, units))
        callShape(code, emitter, { placed, ...call, units: own });
    },
  };
}

function filtersByShape({ conv, fusion }: PlacedConvolution, scope: Scope): SameShape[] {
  const positions = conv.kernel[0] * conv.kernel[1];
  const shapes = new Map<string, { positions: number[]; filters: number[] }>();
  livingPositions(conv).forEach((living, m) => {
    const list = living.flatMap((lives, position) => (lives ? [position] : []));
    const known = shapes.get(list.join());
    if (known) known.filters.push(m);
    else shapes.set(list.join(), { positions: list, filters: [m] });
  });
  const constants = [conv.bias, ...channelConstants(fusion)];
  return [...shapes.values()].map((shape) => {
    const numbers = shape.filters.flatMap((m) => [
      ...shape.positions.map((position) => conv.weights[m * positions + position] ?? 0),
      ...constants.map((data) => data?.[m] ?? 0),
    ]);
    return {
      ...shape,
      numbers: scope.weights(Float32Array.from(numbers)),
      perFilter: shape.positions.length + constants.length,
    };
  });
}

interface ShapeCall {
  readonly placed: PlacedConvolution;
  readonly shape: SameShape;
  readonly image: number;
  /** A range of the filters of this skeleton. */
  readonly units: UnitRange;
}

function callShape(code: Code, emitter: Emitter, call: ShapeCall): void {
  const { placed, shape, image, units } = call;
  const filters = shape.filters.slice(units.from, units.to);
  const { conv, x, y, residual, fusion } = placed;
  const perChannel = conv.filters / conv.group;
  const addresses = (planes: readonly Plane[], per: number, place: (m: number) => number) =>
    emitter.table(filters.flatMap((m) => planes[image * per + place(m)] ?? []).map(addressOf));
  const layouts = [x.geometry, y.geometry, residual?.geometry].map((geometry) => geometry?.rowStride);
  const { strides, dilations, pads, kernel } = conv;
  const size = [y.geometry.height, y.geometry.width];
  const key = JSON.stringify([shape.positions, kernel, strides, dilations, pads, layouts, size]);
  const made = emitter.kernel(
    `depthwise ${key} ${epilogueKey(fusion)}`,
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32'] },
    (body, [input, end, output, added, numbers]) =>
      writeKernel(body, emitter, { placed, shape, tables: { input, end, output, added }, numbers }),
  );
  const input = addresses(x.planes, conv.group, (m) => Math.floor(m / perChannel));
  code.i32(input);
  code.i32(input + 4 * filters.length);
  code.i32(addresses(y.planes, conv.filters, (m) => m));
  code.i32(residual ? addresses(residual.planes, conv.filters, (m) => m) : 0);
  code.i32(addressOf(shape.numbers) + FLOAT * shape.perFilter * units.from);
  code.call(made.index);
}

interface DepthwiseCode {
  readonly placed: PlacedConvolution;
  readonly shape: SameShape;
  readonly tables: {
    readonly input: Local<'i32'>;
    readonly end: Local<'i32'>;
    readonly output: Local<'i32'>;
    readonly added: Local<'i32'>;
  };
  readonly numbers: Local<'i32'>;
}

/** The kernel of a tile: one vector of pixels in each of a few consecutive rows. */
function writeKernel(code: Code, emitter: Emitter, written: DepthwiseCode): void {
  const { placed, shape, tables, numbers } = written;
  const { conv, x, y, residual } = placed;
  const grid = gridOf(y.geometry, false);
  const walked = [walkedBy(x.geometry, conv.strides), walkedBy(y.geometry)];
  const maps = residual ? [...walked, walkedBy(residual.geometry)] : walked;
  const addresses = maps.map(() => ({ plane: code.local('i32'), pixel: code.local('i32') }));
  const sums = Array.from({ length: Math.min(ROWS, grid.rows) }, () => code.local('v128'));
  const first = -FLOAT * (conv.pads[0] * x.geometry.rowStride + conv.pads[1]);
  const planeTables = [tables.input, tables.output, ...(residual ? [tables.added] : [])];
  const cursors = [
    ...zip(planeTables, addresses).map(([at, { plane }]) => ({ at, plane })),
    { at: numbers, bytes: FLOAT * shape.perFilter },
  ];
  walkPlanes(code, { cursors, at: tables.input, end: tables.end }, () => {
    walkPixels(code, { grid, count: 1, maps, height: sums.length }, (offsets) => {
      addresses.forEach(({ plane, pixel }, m) => {
        const offset = offsets[m]?.[0];
        if (!offset) return;
        code.get(plane);
        code.get(offset);
        code.op('i32.add');
        if (m === 0 && first !== 0) {
          code.i32(first);
          code.op('i32.add');
        }
        code.set(pixel);
      });
      const [from, to, added] = addresses.map(({ pixel }) => pixel);
      if (!from || !to) return;
      startRows(code, sums, { written, added: added ?? null });
      sumRows(code, sums, { written, from });
      storeRows(code, emitter, { written, sums, to });
    });
  });
}

type Rows = readonly Local<'v128'>[];

/** Pushes the bias (index 0) or a constant of the epilogue. */
function pushConstant(code: Code, { shape, numbers }: DepthwiseCode, index: number): void {
  code.get(numbers);
  code.memory('v128.load32_splat', FLOAT * (shape.positions.length + index));
}

function startRows(
  code: Code,
  rows: Rows,
  { written, added }: { readonly written: DepthwiseCode; readonly added: Local<'i32'> | null },
): void {
  const stride = FLOAT * (written.placed.residual?.geometry.rowStride ?? 0);
  rows.forEach((sum, row) => {
    pushConstant(code, written, 0);
    if (added) {
      code.get(added);
      code.memory('v128.load', row * stride);
      code.op('f32x4.add');
    }
    code.set(sum);
  });
}

/** Accumulates the rows of a tile. Each pixel is loaded once, and multiplied for every output row that reads it. */
function sumRows(
  code: Code,
  rows: Rows,
  { written, from }: { readonly written: DepthwiseCode; readonly from: Local<'i32'> },
): void {
  const { placed, shape, numbers } = written;
  const { kernel, strides, dilations } = placed.conv;
  const { rowStride } = placed.x.geometry;
  const factors = Array.from({ length: kernel[0] }, () => code.local('v128'));
  const pixels = code.local('v128');
  for (let j = 0; j < kernel[1]; j++) {
    const taps = shape.positions.flatMap((position, index) =>
      position % kernel[1] === j ? [{ tap: Math.floor(position / kernel[1]), index }] : [],
    );
    for (const { tap, index } of taps) {
      const factor = factors[tap];
      if (!factor) continue;
      code.get(numbers);
      code.memory('v128.load32_splat', FLOAT * index);
      code.set(factor);
    }
    for (const [inputRow, uses] of usesByRow(taps, rows.length, [strides[0], dilations[0]])) {
      const offset = FLOAT * (inputRow * rowStride + j * dilations[1]);
      loadPixels(code, { address: from, offset, stride: strides[1], into: pixels });
      for (const { tap, row } of uses) {
        const [factor, sum] = [factors[tap], rows[row]];
        if (factor && sum) code.multiplyAdd(pixels, factor, sum);
      }
    }
  }
}

/** For each input row that is read: pairs of a kernel row and the output row that reads the input row with it. */
function usesByRow(
  taps: readonly { readonly tap: number }[],
  rows: number,
  [stride, dilation]: readonly [number, number],
): Map<number, { readonly tap: number; readonly row: number }[]> {
  const uses = new Map<number, { tap: number; row: number }[]>();
  for (let row = 0; row < rows; row++) {
    for (const { tap } of taps) {
      const inputRow = row * stride + tap * dilation;
      uses.set(inputRow, [...(uses.get(inputRow) ?? []), { tap, row }]);
    }
  }
  return uses;
}

function storeRows(
  code: Code,
  emitter: Emitter,
  { written, sums, to }: { readonly written: DepthwiseCode; readonly sums: Rows; readonly to: Local<'i32'> },
): void {
  const { fusion, y } = written.placed;
  sums.forEach((vector, row) => {
    writeEpilogue(code, emitter, {
      fusion,
      vector,
      pushConstant: (index) => pushConstant(code, written, 1 + index),
    });
    code.get(to);
    code.get(vector);
    code.memory('v128.store', row * FLOAT * y.geometry.rowStride);
  });
}
