import type { Value } from '../../graph/graph.ts';
import { staticShape } from '../../graph/graph.ts';
import type { Buffer } from '../memory-plan.ts';
import type { Emitter } from './emitter.ts';
import type { Code } from './encoder/code.ts';
import { writeCopies } from './kernels/copy.ts';
import {
  asDense,
  type Dense,
  elementsOf,
  FLOAT,
  type Geometry,
  geometryOf,
  noBorder,
  type Plane,
  type Planes,
  planesOfDense,
  type Stored,
} from './storage.ts';
import { type ChooseTile, predictTile } from './tile.ts';

/** Units from, up to but without. */
export interface UnitRange {
  readonly from: number;
  readonly to: number;
}

/** One step of a compiled network. */
export interface Step {
  readonly name: string;
  readonly op: string;
  /** The kernel and its tile, in words. */
  readonly kernel: string;
  /** Multiply-accumulates with living weights. */
  readonly macs: number;
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  /** Parts that can be computed at the same time, by different threads; default 1. */
  readonly units?: number;
  /** Writes the calls that compute units `from` up to `to`. */
  emit(code: Code, emitter: Emitter, units: UnitRange): void;
}

/** Contents that stand in memory from the start: an offset from the start of the weights, in bytes. */
export interface Weights {
  readonly buffer: Buffer;
  readonly start: number;
}

/** What a network is lowered into: values with their storage, weights, steps. */
export interface Scope {
  readonly steps: Step[];
  readonly chooseTile: ChooseTile;
  /** Every buffer that is written by steps. */
  readonly planeBuffers: readonly {
    readonly buffer: Buffer;
    readonly geometry: Geometry;
    readonly count: number;
  }[];
  /** Whether a value has no negative element. */
  isNonNegative(value: Value): boolean;
  stored(value: Value): Stored;
  store(value: Value, stored: Stored): void;
  /** The value as planes; copied where it is stored otherwise. */
  planes(value: Value): Planes;
  /** The value without gaps; copied where it is stored otherwise. */
  dense(value: Value): Dense;
  /** Planes for a value; those listed in `shared` are the planes of another value. */
  newPlanes(value: Value, shared?: ReadonlyMap<number, Plane>): Planes;
  newDense(value: Value): Dense;
  weights(data: Float32Array): Weights;
  step(step: Step): void;
  weightData(): Float32Array;
}

/** How networks are lowered. */
export interface LoweringOptions {
  /** Default: {@link predictTile}. */
  readonly chooseTile?: ChooseTile | undefined;
}

/** What is known of the values of a graph before they are stored. */
export interface ValueFacts {
  /** How the planes of a value lie. */
  geometryOf(value: Value): Geometry;
  isNonNegative(value: Value): boolean;
}

export function openScope(
  weightsBuffer: Buffer & { bytes: number },
  { geometryOf: geometryOfValue, isNonNegative }: ValueFacts,
  { chooseTile = predictTile }: LoweringOptions,
): Scope {
  const storage = new Map<Value, Stored>();
  const copies = new Map<Value, Stored>();
  const steps: Step[] = [];
  const planeBuffers: { buffer: Buffer; geometry: Geometry; count: number }[] = [];
  const parts: Float32Array[] = [];

  const makeBuffer = (label: string, floats: number): Buffer => ({
    label,
    bytes: floats * FLOAT,
    persistent: false,
    offset: -1,
  });
  const allocatePlanes = (
    label: string,
    { lead, geometry }: Pick<Planes, 'lead' | 'geometry'>,
    shared: ReadonlyMap<number, Plane> = new Map(),
  ): Planes => {
    const count = elementsOf(lead) - shared.size;
    const buffer = makeBuffer(label, count * geometry.planeStride);
    if (count > 0) planeBuffers.push({ buffer, geometry, count });
    let own = 0;
    const planes = Array.from(
      { length: elementsOf(lead) },
      (_, i) => shared.get(i) ?? { buffer, start: FLOAT * (own++ * geometry.planeStride + geometry.origin) },
    );
    return { kind: 'planes', lead, geometry, planes };
  };
  const newPlanes: Scope['newPlanes'] = (value, shared) => {
    const lead = staticShape(value).slice(0, -2);
    const made = allocatePlanes(value.name, { lead, geometry: geometryOfValue(value) }, shared);
    storage.set(value, made);
    return made;
  };
  const newDense = (value: Value): Dense => {
    const shape = staticShape(value);
    const dense: Dense = {
      kind: 'dense',
      shape,
      buffer: makeBuffer(value.name, elementsOf(shape)),
      start: 0,
    };
    storage.set(value, dense);
    return dense;
  };
  const weights = (data: Float32Array): Weights => {
    const start = weightsBuffer.bytes;
    parts.push(data);
    weightsBuffer.bytes += data.byteLength;
    return { buffer: weightsBuffer, start };
  };
  const stored = (value: Value): Stored => {
    const known = storage.get(value);
    if (known) return known;
    if (!value.tensor) throw new Error(`${value.name} is used before it is computed`);
    const made: Dense = {
      kind: 'dense',
      shape: value.tensor.shape,
      ...weights(Float32Array.from(value.tensor.data as Float32Array)),
    };
    storage.set(value, made);
    return made;
  };
  const scope: Scope = {
    steps,
    chooseTile,
    planeBuffers,
    isNonNegative,
    stored,
    store: (value, place) => void storage.set(value, place),
    newPlanes,
    newDense,
    weights,
    step: (step) => void steps.push(step),
    planes(value) {
      const place = stored(value);
      if (place.kind === 'planes') return place;
      const known = copies.get(value);
      if (known?.kind === 'planes') return known;
      const geometry = geometryOfValue(value);
      const lead = place.shape.slice(0, -2);
      const flat = planesOfDense(place);
      const isBordered = geometry.planeStride !== geometry.height * geometry.width;
      const made = isBordered ? allocatePlanes(`${value.name} (planes)`, { lead, geometry }) : flat;
      if (isBordered) scope.step(writeCopies(value.name, flat, made));
      copies.set(value, made);
      return made;
    },
    dense(value) {
      const place = stored(value);
      if (place.kind === 'dense') return place;
      const known = copies.get(value) ?? asDense(place);
      if (known?.kind === 'dense') return known;
      const { height, width } = place.geometry;
      const made = allocatePlanes(`${value.name} (dense)`, {
        lead: place.lead,
        geometry: geometryOf(height, width, noBorder),
      });
      scope.step(writeCopies(value.name, place, made));
      const dense = asDense(made) as Dense;
      copies.set(value, dense);
      return dense;
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
  return scope;
}
