import type { Emitter } from '../../emitter.ts';
import type { Code, Local } from '../../encoder/code.ts';
import { writeEpilogue } from '../../epilogue.ts';
import type { Fusion } from '../../fusions.ts';
import { FLOAT } from '../../storage.ts';
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
}

/** The arguments of a kernel: addresses. */
export interface DirectPointers {
  readonly input: Local<'i32'>;
  readonly end: Local<'i32'>;
  readonly weights: Local<'i32'>;
  readonly constants: Local<'i32'>;
  readonly output: Local<'i32'>;
  readonly residual: Local<'i32'>;
  readonly lone: Local<'i32'>;
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
  walkPixels(code, { grid: shape.grid, count: shape.vectors, maps }, ([from = [], to = [], added = []]) => {
    startSums(code, sums, { pointers, added });
    if (shape.isLone) addLone(code, sums, { written, from });
    if (shape.taps.length > 0) sumChannels(code, sums, { written, from });
    storeSums(code, emitter, { written, sums, to });
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
