import type { Emitter } from '../../emitter.ts';
import type { Code, Local } from '../../encoder/code.ts';
import { channelConstants, epilogueKey, writeEpilogue } from '../../epilogue.ts';
import type { Scope, Step, UnitRange, Weights } from '../../scope.ts';
import { addressOf, FLOAT, type Plane } from '../../storage.ts';
import { shareUnits } from '../filter-vectors.ts';
import { buffersOf } from '../kernel.ts';
import { loadPixels } from '../load-pixels.ts';
import { gridOf, vectorsOf, walkedBy, walkPixels } from '../pixel-vectors.ts';
import type { PlacedConvolution } from './direct.ts';
import { livingPositions } from './filter-blocks.ts';

/** Vectors of pixels whose sums are held in registers. */
const VECTORS = 4;

/** Filters of one shape, each of which reads one channel. */
interface SameShape {
  readonly positions: readonly number[];
  readonly filters: readonly number[];
  /** For each filter: its living weights, its bias, its constants of the epilogue. */
  readonly numbers: Weights;
  readonly perFilter: number;
}

/** A convolution each of whose filters reads one channel. */
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
  /** Among the filters of the shape. */
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
  code.i32(shape.numbers.buffer.offset + shape.numbers.start + FLOAT * shape.perFilter * units.from);
  code.call(made.index);
}

interface Written {
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

function writeKernel(code: Code, emitter: Emitter, { placed, shape, tables, numbers }: Written): void {
  const { conv, x, y, residual, fusion } = placed;
  const grid = gridOf(y.geometry, false);
  const count = Math.min(VECTORS, vectorsOf(grid));
  const walked = [walkedBy(x.geometry, conv.strides), walkedBy(y.geometry)];
  const maps = residual ? [...walked, walkedBy(residual.geometry)] : walked;
  const planes = maps.map(() => code.local('i32'));
  const sums = Array.from({ length: count }, () => code.local('v128'));
  const [factor, pixels, address] = [code.local('v128'), code.local('v128'), code.local('i32')];
  const addresses = sums.map(() => code.local('i32'));
  const row = FLOAT * x.geometry.rowStride;
  const constant = (index: number) => {
    code.get(numbers);
    code.memory('v128.load32_splat', FLOAT * (shape.positions.length + index));
  };
  const setAddress = (
    into: Local<'i32'>,
    plane: Local<'i32'> | undefined,
    offset: Local<'i32'> | undefined,
    first = 0,
  ) => {
    if (!plane || !offset) return;
    code.get(plane);
    code.get(offset);
    code.op('i32.add');
    if (first !== 0) {
      code.i32(first);
      code.op('i32.add');
    }
    code.set(into);
  };
  code.repeatWhile(() => {
    [tables.input, tables.output, tables.added].slice(0, maps.length).forEach((table, m) => {
      const plane = planes[m];
      if (!plane) return;
      code.get(table);
      code.memory('i32.load');
      code.set(plane);
    });
    walkPixels(code, { grid, count, maps }, ([from = [], to = [], added = []]) => {
      addresses.forEach((each, v) => {
        setAddress(each, planes[0], from[v], -(conv.pads[0] * row + conv.pads[1] * FLOAT));
      });
      sums.forEach((sum, v) => {
        constant(0);
        const offset = added[v];
        if (offset) {
          setAddress(address, planes[2], offset);
          code.get(address);
          code.memory('v128.load');
          code.op('f32x4.add');
        }
        code.set(sum);
      });
      shape.positions.forEach((position, index) => {
        code.get(numbers);
        code.memory('v128.load32_splat', FLOAT * index);
        code.set(factor);
        const offset =
          Math.floor(position / conv.kernel[1]) * conv.dilations[0] * row +
          (position % conv.kernel[1]) * conv.dilations[1] * FLOAT;
        sums.forEach((sum, v) => {
          const from = addresses[v];
          if (!from) return;
          loadPixels(code, { address: from, offset, stride: conv.strides[1], into: pixels });
          code.multiplyAdd(pixels, factor, sum);
        });
      });
      sums.forEach((vector, v) => {
        writeEpilogue(code, emitter, { fusion, vector, pushConstant: (index) => constant(1 + index) });
        setAddress(address, planes[1], to[v]);
        code.get(address);
        code.get(vector);
        code.memory('v128.store');
      });
    });
    for (const table of [tables.input, tables.output, ...(residual ? [tables.added] : [])])
      code.increment(table, 4);
    code.increment(numbers, FLOAT * shape.perFilter);
    code.get(tables.input);
    code.get(tables.end);
    code.op('i32.ne');
  });
}
