import { elementCount } from '../../numeric/tensor.ts';
import type { Buffer } from '../memory-plan.ts';
import { type Dense, FLOAT, type Geometry, type Plane, type Planes } from './storage.ts';

/** Contents that stand in memory from the start: an offset from the start of the weights, in bytes. */
export interface Weights {
  readonly buffer: Buffer;
  readonly start: number;
}

/** A buffer of planes that steps write. */
export interface PlaneBuffer {
  readonly buffer: Buffer;
  readonly geometry: Geometry;
  readonly count: number;
}

/** Room for values and weights; buffers get their places later. */
export interface Allocator {
  readonly planeBuffers: readonly PlaneBuffer[];
  /** New planes; those listed in `shared` are the planes of another value. */
  planes(
    label: string,
    layout: Pick<Planes, 'lead' | 'geometry'>,
    shared?: ReadonlyMap<number, Plane>,
  ): Planes;
  dense(label: string, shape: readonly number[]): Dense;
  weights(data: Float32Array): Weights;
  /** All weights, in the order in which they stand in their buffer. */
  weightData(): Float32Array;
}

export function openAllocator(weightsBuffer: Buffer & { bytes: number }): Allocator {
  const planeBuffers: PlaneBuffer[] = [];
  const parts: Float32Array[] = [];
  const makeBuffer = (label: string, floats: number): Buffer => ({
    label,
    bytes: floats * FLOAT,
    persistent: false,
    offset: -1,
  });
  return {
    planeBuffers,
    planes(label, { lead, geometry }, shared = new Map()) {
      const count = elementCount(lead) - shared.size;
      const buffer = makeBuffer(label, count * geometry.planeStride);
      if (count > 0) planeBuffers.push({ buffer, geometry, count });
      let own = 0;
      const ownPlane = () => ({
        buffer,
        start: FLOAT * (own++ * geometry.planeStride + geometry.origin),
      });
      const planes = Array.from({ length: elementCount(lead) }, (_, i) => shared.get(i) ?? ownPlane());
      return { kind: 'planes', lead, geometry, planes };
    },
    dense: (label, shape) => ({
      kind: 'dense',
      shape,
      buffer: makeBuffer(label, elementCount(shape)),
      start: 0,
    }),
    weights(data) {
      const start = weightsBuffer.bytes;
      parts.push(data);
      weightsBuffer.bytes += data.byteLength;
      return { buffer: weightsBuffer, start };
    },
    weightData() {
      const all = new Float32Array(weightsBuffer.bytes / FLOAT);
      let at = 0;
      for (const part of parts) {
        all.set(part, at);
        at += part.length;
      }
      return all;
    },
  };
}
