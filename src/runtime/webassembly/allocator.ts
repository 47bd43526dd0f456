import { elementCount } from '../../numeric/tensor.ts';
import type { Buffer } from '../memory-plan.ts';
import { type Dense, FLOAT, type Geometry, type Plane, type Planes } from './storage.ts';

/** Initial contents of memory, at an offset from the start of the weights, in bytes. */
export interface Weights {
  readonly buffer: Buffer;
  readonly start: number;
}

/** A buffer that holds the planes of a value computed by a step. */
export interface PlaneBuffer {
  readonly buffer: Buffer;
  readonly geometry: Geometry;
  readonly count: number;
}

/** Allocates values and weights. Offsets of buffers are assigned later, when memory is planned. */
export interface Allocator {
  readonly planeBuffers: readonly PlaneBuffer[];
  /** Allocates planes. Indices listed in `shared` reuse the given planes of another value. */
  planes(
    label: string,
    layout: Pick<Planes, 'lead' | 'geometry'>,
    shared?: ReadonlyMap<number, Plane>,
  ): Planes;
  dense(label: string, shape: readonly number[]): Dense;
  /** Memory that only one step uses. */
  scratch(label: string, bytes: number): Buffer;
  weights(data: Float32Array): Weights;
  /** All weights, in the order of their offsets. */
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
    scratch: (label, bytes) => makeBuffer(label, bytes / FLOAT),
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
