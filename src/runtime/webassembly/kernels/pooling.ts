import { type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import { attributesOf, isOperator } from '../../../graph/operators/index.ts';
import { explicitWindow, extentOf, type Window } from '../../../graph/window.ts';
import type { Code, Local } from '../encoder/code.ts';
import { addressOf, FLOAT, type Geometry, LANES, type Planes } from '../storage.ts';
import { buffersOf, type KernelRow } from './kernel.ts';
import { loadPixels } from './load-pixels.ts';
import { countUp } from './loops.ts';
import { vectorsOf, walkedBy, walkPixels } from './pixel-vectors.ts';
import { walkPlanes } from './walk-planes.ts';

interface Pool {
  readonly x: Value;
  readonly kernel: readonly number[];
  readonly window: Window;
}

function readPool(node: Node, op: 'MaxPool' | 'AveragePool'): Pool {
  const [x] = node.inputs;
  if (!x) throw new Error(`${nodeLabel(node)} lacks its input`);
  const attributes = attributesOf(node, op);
  const kernel = attributes.kernel_shape ?? [];
  return { x, kernel, window: explicitWindow(attributes, staticShape(x).slice(2), kernel) };
}

/** How a pool combines the elements of its window. */
interface PoolKind {
  readonly op: 'MaxPool' | 'AveragePool';
  readonly start: number;
  readonly vectorStep: 'f32x4.pmax' | 'f32x4.add';
  readonly scalarStep: 'f32.max' | 'f32.add';
  /** Whether sums are divided by the number of elements, as in AveragePool; padding counts if count_include_pad is set. */
  readonly divides: boolean;
}

const maximum: PoolKind = {
  op: 'MaxPool',
  start: Number.NEGATIVE_INFINITY,
  vectorStep: 'f32x4.pmax',
  scalarStep: 'f32.max',
  divides: false,
};
const average: PoolKind = {
  op: 'AveragePool',
  start: 0,
  vectorStep: 'f32x4.add',
  scalarStep: 'f32.add',
  divides: true,
};

const refusePool = (node: Node): string | null => {
  if (node.outputs[1]) return 'its second output, the places of the maxima, is not computed';
  const rank = node.inputs[0]?.shape?.length;
  return rank === 4 ? null : 'its input does not have two spatial axes';
};

const poolRow = (kind: PoolKind): KernelRow => ({
  refuse: refusePool,
  lower({ node, fusion, scope }) {
    const pool = readPool(node, kind.op);
    const x = scope.planes(pool.x);
    const y = scope.newPlanes(fusion.output);
    const countsPadding =
      kind.divides &&
      isOperator(node, 'AveragePool') &&
      attributesOf(node, 'AveragePool').count_include_pad !== 0;
    const call: PoolCall = { kind, pool, x, y, countsPadding };
    scope.step({
      name: node.name,
      op: node.op,
      kernel: 'pool',
      macs: 0,
      reads: buffersOf(x.planes),
      writes: buffersOf(y.planes),
      units: x.planes.length,
      emit(code, emitter, { from, to }) {
        const { height, width, rowStride } = x.geometry;
        const key = [
          kind.op,
          pool.kernel,
          JSON.stringify(pool.window),
          countsPadding,
          height,
          width,
          rowStride,
        ];
        const target = [y.geometry.height, y.geometry.width, y.geometry.rowStride];
        const made = emitter.kernel(
          `pool ${key} ${target}`,
          { parameters: ['i32', 'i32', 'i32'] },
          (body, [input, end, output]) => writePool(body, { call, tables: { input, end, output } }),
        );
        const input = emitter.table(x.planes.map(addressOf));
        code.i32(input + 4 * from);
        code.i32(input + 4 * to);
        code.i32(emitter.table(y.planes.map(addressOf)) + 4 * from);
        code.call(made.index);
      },
    });
  },
});

export const maxPoolRow = poolRow(maximum);
export const averagePoolRow = poolRow(average);

interface PoolCall {
  readonly kind: PoolKind;
  readonly pool: Pool;
  readonly x: Planes;
  readonly y: Planes;
  readonly countsPadding: boolean;
}

interface Tables {
  readonly input: Local<'i32'>;
  readonly end: Local<'i32'>;
  readonly output: Local<'i32'>;
}

/** Output rows or columns whose windows are inside the input: from (inclusive), to (exclusive). */
type Interior = readonly [from: number, to: number];

function interiorOf(
  { kernel, window }: Pool,
  axis: 0 | 1,
  [size, places]: readonly [number, number],
): Interior {
  const [stride = 1, pad = 0] = [window.strides[axis], window.pads[axis]];
  const reach = extentOf(kernel[axis] ?? 1, window.dilations[axis] ?? 1);
  const from = Math.min(places, Math.ceil(pad / stride));
  const to = Math.min(places, Math.floor((size + pad - reach) / stride) + 1);
  return [from, Math.max(from, to)];
}

function writePool(code: Code, { call, tables }: { readonly call: PoolCall; readonly tables: Tables }): void {
  const { pool, x, y } = call;
  const rows = interiorOf(pool, 0, [x.geometry.height, y.geometry.height]);
  const columns = interiorOf(pool, 1, [x.geometry.width, y.geometry.width]);
  const isWide = columns[1] - columns[0] >= LANES && rows[1] > rows[0];
  const [from, to] = [code.local('i32'), code.local('i32')];
  const cursors = [
    { at: tables.input, plane: from },
    { at: tables.output, plane: to },
  ];
  walkPlanes(code, { cursors, at: tables.input, end: tables.end }, () => {
    if (isWide) poolInside(code, { call, planes: [from, to], rows, columns });
    poolBorders(code, {
      call,
      planes: [from, to],
      rows: isWide ? rows : [0, 0],
      columns: isWide ? columns : [0, 0],
    });
  });
}

interface PoolPart {
  readonly call: PoolCall;
  readonly planes: readonly [from: Local<'i32'>, to: Local<'i32'>];
  readonly rows: Interior;
  readonly columns: Interior;
}

/** Computes vectors of four windows that are inside the input. */
function poolInside(
  code: Code,
  { call: { kind, pool, x, y }, planes: [from, to], rows, columns }: PoolPart,
): void {
  const { kernel, window } = pool;
  const [kH = 1, kW = 1] = kernel;
  const [sH = 1, sW = 1] = window.strides;
  const [dH = 1, dW = 1] = window.dilations;
  const [top = 0, left = 0] = window.pads;
  const grid = { rows: rows[1] - rows[0], columns: columns[1] - columns[0] };
  const count = Math.min(2, vectorsOf(grid));
  const firstInput = FLOAT * ((rows[0] * sH - top) * x.geometry.rowStride + columns[0] * sW - left);
  const firstOutput = FLOAT * (rows[0] * y.geometry.rowStride + columns[0]);
  const [address, pixels, sum] = [code.local('i32'), code.local('v128'), code.local('v128')];
  const maps = [walkedBy(x.geometry, [sH, sW]), walkedBy(y.geometry)];
  walkPixels(code, { grid, count, maps }, ([inputs = [], outputs = []]) => {
    inputs.forEach((offset, v) => {
      const target = outputs[v];
      if (!target) return;
      code.get(from);
      code.get(offset);
      code.op('i32.add');
      code.i32(firstInput);
      code.op('i32.add');
      code.set(address);
      code.f32x4(kind.start);
      code.set(sum);
      for (let i = 0; i < kH; i++) {
        for (let j = 0; j < kW; j++) {
          const tap = FLOAT * (i * dH * x.geometry.rowStride + j * dW);
          loadPixels(code, { address, offset: tap, stride: sW, into: pixels });
          code.get(pixels);
          code.get(sum);
          code.op(kind.vectorStep);
          code.set(sum);
        }
      }
      code.get(to);
      code.get(target);
      code.op('i32.add');
      code.get(sum);
      if (kind.divides) {
        code.f32x4(1 / (kH * kW));
        code.op('f32x4.mul');
      }
      code.memory('v128.store', firstOutput);
    });
  });
}

/** Computes all windows that are partly outside, one at a time. */
function poolBorders(code: Code, { call, planes: [from, to], rows, columns }: PoolPart): void {
  const { kind, pool, x, y, countsPadding } = call;
  const { height, width } = y.geometry;
  if (rows[0] === 0 && rows[1] === height && columns[0] === 0 && columns[1] === width) return;
  const [row, column, i, j] = [code.local('i32'), code.local('i32'), code.local('i32'), code.local('i32')];
  const [sum, count] = [code.local('f32'), code.local('f32')];
  const [kH = 1, kW = 1] = pool.kernel;
  const within = (local: Local<'i32'>, [low, high]: Interior) => {
    code.get(local);
    code.i32(low);
    code.op('i32.sub');
    code.i32(high - low);
    code.op('i32.lt_u');
  };
  const position = (at: Local<'i32'>, tap: Local<'i32'>, axis: 0 | 1) => {
    code.get(at);
    code.i32(pool.window.strides[axis] ?? 1);
    code.op('i32.mul');
    code.get(tap);
    code.i32(pool.window.dilations[axis] ?? 1);
    code.op('i32.mul');
    code.op('i32.add');
    code.i32(pool.window.pads[axis] ?? 0);
    code.op('i32.sub');
  };
  const [inputRow, inputColumn] = [code.local('i32'), code.local('i32')];
  const tap = () => {
    position(row, i, 0);
    code.set(inputRow);
    position(column, j, 1);
    code.set(inputColumn);
    if (countsPadding) countPadded(code, { pool, geometry: x.geometry, at: [inputRow, inputColumn], count });
    within(inputRow, [0, x.geometry.height]);
    within(inputColumn, [0, x.geometry.width]);
    code.op('i32.mul');
    code.when(() => {
      code.get(inputRow);
      code.i32(x.geometry.rowStride);
      code.op('i32.mul');
      code.get(inputColumn);
      code.op('i32.add');
      code.i32(FLOAT);
      code.op('i32.mul');
      code.get(from);
      code.op('i32.add');
      code.memory('f32.load');
      code.get(sum);
      code.op(kind.scalarStep);
      code.set(sum);
      if (!kind.divides || countsPadding) return;
      code.get(count);
      code.f32(1);
      code.op('f32.add');
      code.set(count);
    });
  };
  countUp(code, row, height, () =>
    countUp(code, column, width, () => {
      within(row, rows);
      within(column, columns);
      code.op('i32.mul');
      code.op('i32.eqz');
      code.when(() => {
        code.f32(kind.start);
        code.set(sum);
        code.f32(0);
        code.set(count);
        countUp(code, i, kH, () => countUp(code, j, kW, tap));
        code.get(row);
        code.i32(y.geometry.rowStride);
        code.op('i32.mul');
        code.get(column);
        code.op('i32.add');
        code.i32(FLOAT);
        code.op('i32.mul');
        code.get(to);
        code.op('i32.add');
        code.get(sum);
        if (kind.divides) {
          code.get(count);
          code.op('f32.div');
        }
        code.memory('f32.store');
      });
    }),
  );
}

/** The declared padding counts as elements; what ceil_mode adds beyond it does not. */
function countPadded(
  code: Code,
  {
    pool,
    geometry,
    at,
    count,
  }: {
    readonly pool: Pool;
    readonly geometry: Geometry;
    readonly at: readonly [Local<'i32'>, Local<'i32'>];
    readonly count: Local<'f32'>;
  },
): void {
  const [, , bottom = 0, right = 0] = pool.window.pads;
  code.get(at[0]);
  code.i32(geometry.height + bottom);
  code.op('i32.lt_s');
  code.get(at[1]);
  code.i32(geometry.width + right);
  code.op('i32.lt_s');
  code.op('i32.mul');
  code.when(() => {
    code.get(count);
    code.f32(1);
    code.op('f32.add');
    code.set(count);
  });
}
