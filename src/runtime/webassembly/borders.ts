import type { Buffer } from '../memory-plan.ts';
import type { Emitter } from './emitter.ts';
import type { Code, Local } from './encoder/code.ts';
import type { Scope, Step } from './scope.ts';
import { FLOAT, type Geometry, LANES } from './storage.ts';

/** Planes whose borders are overwritten by other buffers between two runs: they are cleared before each write. */
export type DirtyBorders = ReadonlyMap<Buffer, { readonly geometry: Geometry; readonly count: number }>;

/**
 * Finds the borders that need clearing. Memory is initially zero, and steps write only the inside of planes, so that a border
 * is dirty only if a buffer with a different layout shares its memory.
 */
export function initialBorders({ planeBuffers, steps }: Scope): DirtyBorders {
  const buffers = new Set(steps.flatMap(({ writes }) => writes));
  const layouts = new Map(planeBuffers.map(({ buffer, geometry }) => [buffer, geometry]));
  const dirty = new Map<Buffer, { geometry: Geometry; count: number }>();
  for (const { buffer, geometry, count } of planeBuffers) {
    const { planeStride, height, width } = geometry;
    if (planeStride === height * width) continue;
    const isShared = [...buffers].some(
      (other) =>
        other !== buffer &&
        overlap(buffer, other) &&
        !sameLayout([buffer, geometry], [other, layouts.get(other)]),
    );
    if (isShared) dirty.set(buffer, { geometry, count });
  }
  return dirty;
}

const overlap = (a: Buffer, b: Buffer): boolean =>
  a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;

const sameLayout = (
  [a, from]: readonly [Buffer, Geometry],
  [b, to]: readonly [Buffer, Geometry | undefined],
): boolean =>
  (a.offset - b.offset) % (FLOAT * from.planeStride) === 0 && JSON.stringify(from) === JSON.stringify(to);

/** Writes zeros around the planes that a step is about to write, wherever they may be non-zero. */
export function clearBorders(
  code: Code,
  emitter: Emitter,
  { step, dirty }: { readonly step: Step; readonly dirty: DirtyBorders },
): void {
  for (const buffer of new Set(step.writes)) {
    const planes = dirty.get(buffer);
    if (!planes) continue;
    const { geometry, count } = planes;
    const made = emitter.kernel(
      `clear ${JSON.stringify(geometry)}`,
      { parameters: ['i32', 'i32'] },
      (body, [plane, end]) => {
        body.repeatWhile(() => {
          for (const [from, floats] of gapsOf(geometry)) {
            clear(body, plane, [from, floats]);
          }
          body.increment(plane, FLOAT * geometry.planeStride);
          body.get(plane);
          body.get(end);
          body.op('i32.ne');
        });
      },
    );
    code.i32(buffer.offset);
    code.i32(buffer.offset + FLOAT * geometry.planeStride * count);
    code.call(made.index);
  }
}

/** Up to this many floats, single stores are faster than a call of memory.fill. */
const FEW = 64;

function clear(code: Code, plane: Local<'i32'>, [from, floats]: readonly [number, number]): void {
  if (floats > FEW) {
    code.get(plane);
    code.i32(FLOAT * from);
    code.op('i32.add');
    code.i32(0);
    code.i32(FLOAT * floats);
    code.fillMemory();
    return;
  }
  const vectors = Math.floor(floats / LANES);
  for (let v = 0; v < vectors; v++) {
    code.get(plane);
    code.f32x4(0);
    code.memory('v128.store', FLOAT * (from + v * LANES));
  }
  for (let i = vectors * LANES; i < floats; i++) {
    code.get(plane);
    code.f32(0);
    code.memory('f32.store', FLOAT * (from + i));
  }
}

/** The ranges of a plane that hold no elements: start and length, in floats. */
function gapsOf({
  height,
  width,
  rowStride,
  origin,
  planeStride,
}: Geometry): [from: number, floats: number][] {
  const end = origin + (height - 1) * rowStride + width;
  const between = Array.from({ length: height - 1 }, (_, row): [number, number] => [
    origin + row * rowStride + width,
    rowStride - width,
  ]);
  const gaps: [number, number][] = [[0, origin], ...between, [end, planeStride - end]];
  return gaps.filter(([, floats]) => floats > 0);
}
