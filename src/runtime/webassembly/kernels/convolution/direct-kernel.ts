import type { Emitter } from '../../emitter.ts';
import type { Code, Local } from '../../encoder/code.ts';
import { writeEpilogue } from '../../epilogue.ts';
import type { Fusion } from '../../fusions.ts';
import { FLOAT, LANES } from '../../storage.ts';
import { type PixelGrid, type Walked, walkPixels } from '../pixel-vectors.ts';
import { addLone, sumChannels } from './sum-channels.ts';

/** All that the code of a block depends on. */
export interface DirectShape {
  readonly filters: number;
  readonly vectors: number;
  readonly unroll: number;
  /** In reading order: the offset in the input, and the filters with a non-zero stripe there. */
  readonly taps: readonly { readonly offset: number; readonly keepers: readonly number[] }[];
  readonly first: number;
  /** Whether some weights are multiplied one by one ({@link LoneWeight}). */
  readonly isLone: boolean;
  readonly columnStride: number;
  readonly grid: PixelGrid;
  readonly maps: { readonly input: Walked; readonly output: Walked; readonly residual: Walked | null };
  /** Distance between planes of the input, in bytes; null if their addresses are in a table. */
  readonly planeStride: number | null;
  /** Channels that are read in each pass over the pixels; null if one call reads all. */
  readonly perPass: number | null;
}

/** The arguments of a kernel: addresses, but for `pass`. `weights` are those of this pass. */
export interface DirectPointers {
  readonly input: Local<'i32'>;
  readonly end: Local<'i32'>;
  readonly weights: Local<'i32'>;
  readonly constants: Local<'i32'>;
  readonly output: Local<'i32'>;
  readonly residual: Local<'i32'>;
  readonly lone: Local<'i32'>;
  /** Sums between two passes, in the order of the tiles. */
  readonly partial: Local<'i32'>;
  /** The number of the pass. */
  readonly pass: Local<'i32'>;
}

/** A kernel to be written. */
export interface DirectKernel {
  readonly shape: DirectShape;
  readonly fusion: Fusion;
  readonly pointers: DirectPointers;
}

/** Writes the code of a block of filters: sums start with the bias, and the epilogue is applied before they are stored. */
export function writeDirectKernel(code: Code, emitter: Emitter, written: DirectKernel): void {
  const { shape, pointers } = written;
  const { input, output, residual } = shape.maps;
  const sums = Array.from({ length: shape.filters }, () =>
    Array.from({ length: shape.vectors }, () => code.local('v128')),
  );
  const maps = [input, output, ...(residual ? [residual] : [])];
  const walk = { grid: shape.grid, count: shape.vectors, maps };
  const start = (from: Offsets, added: Offsets): void => {
    startSums(code, sums, { pointers, added });
    if (shape.isLone) addLone(code, sums, { written, from });
  };
  const store = (to: Offsets): void => storeSums(code, emitter, { written, sums, to });
  if (shape.perPass === null) {
    walkPixels(code, walk, ([from = [], to = [], added = []]) => {
      start(from, added);
      if (shape.taps.length > 0) sumChannels(code, sums, { written, from });
      store(to);
    });
    return;
  }
  writePass(code, written, shape.perPass, ({ pointers: ofPass, ifFirst, ifLast }) => {
    const { partial } = pointers;
    walkPixels(code, walk, ([from = [], to = [], added = []]) => {
      ifFirst(
        () => start(from, added),
        () => loadPartial(code, sums, partial),
      );
      sumChannels(code, sums, { written: { ...written, pointers: ofPass }, from });
      ifLast(
        () => store(to),
        () => storePartial(code, sums, partial),
      );
      code.increment(partial, partialBytes(shape));
    });
  });
}

type Offsets = readonly Local<'i32'>[];

const VECTOR = LANES * FLOAT;

/** Size of the sums of a tile. */
export const partialBytes = ({ filters, vectors }: Pick<DirectShape, 'filters' | 'vectors'>): number =>
  VECTOR * filters * vectors;

type Branch = (body: () => void, otherwise: () => void) => void;

interface Pass {
  /** The channels and weights of this pass. */
  readonly pointers: DirectPointers;
  readonly ifFirst: Branch;
  readonly ifLast: Branch;
}

/** Writes one pass, which reads the channels from pass · `channels` on; nothing if there are none. */
function writePass(
  code: Code,
  { shape, pointers }: DirectKernel,
  channels: number,
  body: (pass: Pass) => void,
): void {
  const [input, end, rest] = [code.local('i32'), code.local('i32'), code.local('i32')];
  const bytes = channels * (shape.planeStride ?? 4);
  code.get(pointers.pass);
  code.i32(bytes);
  code.op('i32.mul');
  code.get(pointers.input);
  code.op('i32.add');
  code.set(input);
  code.get(pointers.end);
  code.get(input);
  code.op('i32.sub');
  code.set(rest);
  code.get(rest);
  code.i32(0);
  code.op('i32.gt_s');
  code.when(() => {
    const isLast = code.local('i32');
    code.get(rest);
    code.i32(bytes);
    code.op('i32.le_s');
    code.set(isLast);
    code.get(pointers.end);
    code.get(input);
    code.i32(bytes);
    code.op('i32.add');
    code.get(isLast);
    code.op('select');
    code.set(end);
    body({
      pointers: { ...pointers, input, end },
      ifFirst(first, later) {
        code.get(pointers.pass);
        code.when(later, first);
      },
      ifLast(last, earlier) {
        code.get(isLast);
        code.when(last, earlier);
      },
    });
  });
}

function loadPartial(code: Code, sums: Sums, partial: Local<'i32'>): void {
  sums.flat().forEach((vector, i) => {
    code.get(partial);
    code.memory('v128.load', VECTOR * i);
    code.set(vector);
  });
}

function storePartial(code: Code, sums: Sums, partial: Local<'i32'>): void {
  sums.flat().forEach((vector, i) => {
    code.get(partial);
    code.get(vector);
    code.memory('v128.store', VECTOR * i);
  });
}

/** Accumulators, by filter and vector of pixels. */
export type Sums = readonly (readonly Local<'v128'>[])[];

/** Initialises the sums with the bias. */
function startSums(
  code: Code,
  sums: Sums,
  { pointers, added }: { readonly pointers: DirectPointers; readonly added: readonly Local<'i32'>[] },
): void {
  const plane = code.local('i32');
  sums.forEach((vectors, f) => {
    const [head] = vectors;
    if (!head) return;
    code.get(pointers.constants);
    code.memory('v128.load32_splat', f * FLOAT);
    code.set(head);
    for (const vector of vectors.slice(1)) {
      code.get(head);
      code.set(vector);
    }
    if (added.length === 0) return;
    code.get(pointers.residual);
    code.memory('i32.load', 4 * f);
    code.set(plane);
    vectors.forEach((vector, v) => {
      const offset = added[v];
      if (!offset) return;
      code.get(plane);
      code.get(offset);
      code.op('i32.add');
      code.memory('v128.load');
      code.get(vector);
      code.op('f32x4.add');
      code.set(vector);
    });
  });
}

function storeSums(
  code: Code,
  emitter: Emitter,
  {
    written,
    sums,
    to,
  }: { readonly written: DirectKernel; readonly sums: Sums; readonly to: readonly Local<'i32'>[] },
): void {
  const { pointers, fusion, shape } = written;
  const plane = code.local('i32');
  sums.forEach((vectors, f) => {
    code.get(pointers.output);
    code.memory('i32.load', 4 * f);
    code.set(plane);
    vectors.forEach((vector, v) => {
      const offset = to[v];
      if (!offset) return;
      writeEpilogue(code, emitter, {
        fusion,
        vector,
        pushConstant: (index) => {
          code.get(pointers.constants);
          code.memory('v128.load32_splat', FLOAT * ((1 + index) * shape.filters + f));
        },
      });
      code.get(plane);
      code.get(offset);
      code.op('i32.add');
      code.get(vector);
      code.memory('v128.store');
    });
  });
}
