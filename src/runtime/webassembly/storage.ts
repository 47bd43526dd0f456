import { elementCount } from '../../numeric/tensor.ts';
import type { Buffer } from '../memory-plan.ts';

/** Zeros around every plane of a feature map, in rows and columns. */
export interface Border {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export const noBorder: Border = { top: 0, left: 0, bottom: 0, right: 0 };

/**
 * The layout of a feature map's planes in memory. Rows are `rowStride` floats apart; the zeros between two rows are the right
 * border of one and the left border of the next.
 */
export interface Geometry {
  readonly height: number;
  readonly width: number;
  readonly border: Border;
  readonly rowStride: number;
  /** Floats from the start of a plane to the start of the next. */
  readonly planeStride: number;
  /** Floats from the start of a plane to its element (0, 0). */
  readonly origin: number;
}

/** One channel of one image: offset of its element (0, 0) in the buffer, in bytes. */
export interface Plane {
  readonly buffer: Buffer;
  readonly start: number;
}

/** A value whose last two axes are rows and columns, as separate planes in memory: [...lead, height, width]. */
export interface Planes {
  readonly kind: 'planes';
  readonly lead: readonly number[];
  readonly geometry: Geometry;
  readonly planes: readonly Plane[];
}

/** A value of any shape in row-major order, without gaps. */
export interface Dense {
  readonly kind: 'dense';
  readonly shape: readonly number[];
  readonly buffer: Buffer;
  /** In bytes, from the start of the buffer. */
  readonly start: number;
}

export type Stored = Planes | Dense;

export const FLOAT = 4;
/** Lanes of a vector. */
export const LANES = 4;

export function geometryOf(height: number, width: number, border: Border): Geometry {
  const between = Math.max(border.left, border.right);
  const rowStride = width + between;
  const isBordered = between + border.top + border.bottom > 0;
  const rows = border.top + height + border.bottom;
  // Planes at multiples of 4096 bytes would compete for the same cache lines.
  const floats = rows * rowStride + between;
  const planeStride = isBordered && floats % 1024 === 0 ? floats + 16 : floats;
  return { height, width, border, rowStride, planeStride, origin: border.top * rowStride + border.left };
}

/** Whether the elements of a plane are contiguous, row by row. */
export const isFlat = ({ rowStride, width, height }: Geometry): boolean =>
  rowStride === width || height === 1;

/** The address of a plane's element (0, 0), of weights or of a dense value. Memory must have been planned. */
export const addressOf = ({ buffer, start }: Plane): number => buffer.offset + start;

/**
 * The distance between evenly spaced planes of one buffer, in bytes; 0 for a single plane, null if they are not evenly
 * spaced.
 */
export function evenStride(planes: readonly Plane[]): number | null {
  const [first, second] = planes;
  if (!first || !second) return 0;
  const stride = second.start - first.start;
  if (stride <= 0) return null;
  const isEven = planes.every(
    ({ buffer, start }, i) => buffer === first.buffer && start === first.start + i * stride,
  );
  return isEven ? stride : null;
}

/** The planes as one dense value if they are contiguous; else null. */
export function asDense({ lead, geometry, planes }: Planes): Dense | null {
  const [first] = planes;
  const bytes = geometry.height * geometry.width * FLOAT;
  const isContiguous = isFlat(geometry) && (planes.length === 1 || evenStride(planes) === bytes);
  if (!first || !isContiguous) return null;
  return {
    kind: 'dense',
    shape: [...lead, geometry.height, geometry.width],
    buffer: first.buffer,
    start: first.start,
  };
}

/** A dense value of rank 2 or more as planes without borders. */
export function planesOfDense({ shape, buffer, start }: Dense): Planes {
  const [height = 1, width = 1] = shape.slice(-2);
  const lead = shape.slice(0, -2);
  const planes = Array.from({ length: elementCount(lead) }, (_, i) => ({
    buffer,
    start: start + i * height * width * FLOAT,
  }));
  return { kind: 'planes', lead, geometry: geometryOf(height, width, noBorder), planes };
}
