import type { Code, Local } from '../../encoder/code.ts';
import { channelConstants } from '../../epilogue.ts';
import { FLOAT } from '../../storage.ts';
import { loadPixels } from '../load-pixels.ts';
import type { DirectKernel, Sums } from './direct-kernel.ts';

interface Summed {
  readonly written: DirectKernel;
  /** For each vector, the offset of its pixels from a plane's element (0, 0). */
  readonly from: readonly Local<'i32'>[];
}

/** A vector of pixels: its address, and the register that it is loaded into. */
interface PixelVector {
  readonly offset: Local<'i32'>;
  readonly address: Local<'i32'>;
  readonly pixels: Local<'v128'>;
}

/** Accumulates the products of all channels: a loop over one or a few channels per iteration. */
export function sumChannels(code: Code, sums: Sums, { written, from }: Summed): void {
  const { shape, pointers } = written;
  const { unroll, taps, planeStride } = shape;
  const [channel, weight] = [code.local('i32'), code.local('i32')];
  const vectors = from.map((offset) => ({
    offset,
    address: code.local('i32'),
    pixels: code.local('v128'),
  }));
  const factor = code.local('v128');
  code.get(pointers.weights);
  code.set(weight);
  code.get(pointers.input);
  code.set(channel);
  if (planeStride !== null)
    setAddresses(code, vectors, { first: shape.first, push: () => code.get(channel) });
  const perChannel = taps.reduce((sum, { keepers }) => sum + keepers.length, 0);
  code.repeatWhile(() => {
    for (let u = 0; u < unroll; u++) {
      if (planeStride === null)
        setAddresses(code, vectors, {
          first: shape.first,
          push: () => {
            code.get(channel);
            code.memory('i32.load', 4 * u);
          },
        });
      const place = { plane: u * (planeStride ?? 0), stripe: u * perChannel };
      multiplyTaps(code, sums, { written, vectors, weight, factor, place });
    }
    code.increment(weight, FLOAT * unroll * perChannel);
    if (planeStride !== null)
      for (const { address } of vectors) code.increment(address, unroll * planeStride);
    code.increment(channel, unroll * (planeStride ?? 4));
    code.get(channel);
    code.get(pointers.end);
    code.op('i32.ne');
  });
}

/** address ← plane + offset + first; `push` pushes the plane. */
function setAddresses(
  code: Code,
  vectors: readonly PixelVector[],
  { first, push }: { readonly first: number; push(): void },
): void {
  for (const { address, offset } of vectors) {
    push();
    code.get(offset);
    code.op('i32.add');
    if (first !== 0) {
      code.i32(first);
      code.op('i32.add');
    }
    code.set(address);
  }
}

interface Taps {
  readonly written: DirectKernel;
  readonly vectors: readonly PixelVector[];
  readonly weight: Local<'i32'>;
  readonly factor: Local<'v128'>;
  /** Of the channel within the iteration: offset of its plane in bytes, and of its weights. */
  readonly place: { readonly plane: number; readonly stripe: number };
}

/** Accumulates one channel: at each kernel position, loads the pixels and multiplies them for the filters that use it. */
function multiplyTaps(code: Code, sums: Sums, { written, vectors, weight, factor, place }: Taps): void {
  const { taps, columnStride } = written.shape;
  let { stripe } = place;
  for (const { offset, keepers } of taps) {
    for (const { address, pixels } of vectors)
      loadPixels(code, { address, offset: offset + place.plane, stride: columnStride, into: pixels });
    for (const f of keepers) {
      code.get(weight);
      code.memory('v128.load32_splat', FLOAT * stripe++);
      code.set(factor);
      sums[f]?.forEach((sum, v) => {
        const vector = vectors[v];
        if (vector) code.multiplyAdd(vector.pixels, factor, sum);
      });
    }
  }
}

/** Accumulates the products of the lone weights: for each filter, a loop over its list. */
export function addLone(code: Code, sums: Sums, { written, from }: Summed): void {
  const { shape, pointers, fusion } = written;
  const list = { entry: code.local('i32'), weight: code.local('i32'), count: code.local('i32') };
  const locals = { plane: code.local('i32'), address: code.local('i32') };
  const vectors = { factor: code.local('v128'), pixels: code.local('v128') };
  code.get(pointers.lone);
  code.set(list.entry);
  code.get(pointers.constants);
  code.i32(FLOAT * shape.filters * (1 + channelConstants(fusion).length));
  code.op('i32.add');
  code.set(list.weight);
  const multiply = (ofFilter: readonly Local<'v128'>[]) => {
    code.get(list.weight);
    code.memory('v128.load32_splat');
    code.set(vectors.factor);
    code.get(list.entry);
    code.memory('i32.load');
    code.set(locals.plane);
    ofFilter.forEach((sum, v) => {
      const offset = from[v];
      if (!offset) return;
      code.get(locals.plane);
      code.get(offset);
      code.op('i32.add');
      code.set(locals.address);
      loadPixels(code, {
        address: locals.address,
        offset: 0,
        stride: shape.columnStride,
        into: vectors.pixels,
      });
      code.multiplyAdd(vectors.pixels, vectors.factor, sum);
    });
  };
  for (const ofFilter of sums) {
    code.get(list.entry);
    code.memory('i32.load');
    code.tee(list.count);
    code.increment(list.entry, 4);
    code.when(() =>
      code.repeatWhile(() => {
        multiply(ofFilter);
        code.increment(list.entry, 4);
        code.increment(list.weight, FLOAT);
        code.increment(list.count, -1);
        code.get(list.count);
      }),
    );
  }
}
