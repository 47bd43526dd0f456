import { staticShape, type Value } from '../../graph/graph.ts';
import type { Buffer } from '../memory-plan.ts';
import { openAllocator, type PlaneBuffer, type Weights } from './allocator.ts';
import type { Emitter } from './emitter.ts';
import type { Code } from './encoder/code.ts';
import { writeCopies } from './kernels/copy.ts';
import {
  asDense,
  type Dense,
  type Geometry,
  type Plane,
  type Planes,
  planesOfDense,
  type Stored,
} from './storage.ts';
import { type ChooseTile, predictTile } from './tile.ts';

/** A range of units: from (inclusive), to (exclusive). */
export interface UnitRange {
  readonly from: number;
  readonly to: number;
}

/** A layer of a compiled network: one step of its run. */
export interface CompiledStep {
  readonly name: string;
  readonly op: string;
  /** A description of the kernel and its tile. */
  readonly kernel: string;
  /** Multiply-accumulates with non-zero weights. */
  readonly macs: number;
}

/** A step, and the function that writes its code. */
export interface Step extends CompiledStep {
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  /** Parts that different threads can compute at the same time; default 1. */
  readonly units?: number;
  /** Writes the calls that compute the units from `from` to `to` (exclusive). */
  emit(code: Code, emitter: Emitter, units: UnitRange): void;
}

/** The state of lowering a network: values with their storage, weights, steps. */
export interface Scope {
  readonly steps: Step[];
  readonly chooseTile: ChooseTile;
  /** Every buffer that is written by steps. */
  readonly planeBuffers: readonly PlaneBuffer[];
  /** Whether a value has no negative element. */
  isNonNegative(value: Value): boolean;
  stored(value: Value): Stored;
  store(value: Value, stored: Stored): void;
  /** The value as planes; copied if it is stored in another layout. */
  planes(value: Value): Planes;
  /** The value without gaps; copied if it is stored in another layout. */
  dense(value: Value): Dense;
  /** Allocates planes for a value. Indices listed in `shared` reuse the given planes of another value. */
  newPlanes(value: Value, shared?: ReadonlyMap<number, Plane>): Planes;
  newDense(value: Value): Dense;
  /** Memory that only one step uses, which must list it in `writes`. */
  scratch(label: string, bytes: number): Buffer;
  weights(data: Float32Array): Weights;
  step(step: Step): void;
  weightData(): Float32Array;
}

/** Options of lowering. */
export interface LoweringOptions {
  /** Chooses the tile of each convolution; default: {@link predictTile}. */
  readonly chooseTile?: ChooseTile | undefined;
}

/** Facts about the values of a graph that are known before storage is allocated. */
export interface ValueFacts {
  /** The geometry of a value's planes. */
  geometryOf(value: Value): Geometry;
  isNonNegative(value: Value): boolean;
}

export function openScope(
  weightsBuffer: Buffer & { bytes: number },
  { geometryOf: geometryOfValue, isNonNegative }: ValueFacts,
  { chooseTile = predictTile }: LoweringOptions,
): Scope {
  const allocator = openAllocator(weightsBuffer);
  const { planeBuffers, scratch, weights, weightData } = allocator;
  const storage = new Map<Value, Stored>();
  const copies = new Map<Value, Stored>();
  const steps: Step[] = [];
  const kept = <Place extends Stored>(places: Map<Value, Stored>, value: Value, place: Place): Place => {
    places.set(value, place);
    return place;
  };
  const stored = (value: Value): Stored => {
    const known = storage.get(value);
    if (known) return known;
    if (!value.tensor) throw new Error(`${value.name} is used before it is computed`);
    const { shape, data } = value.tensor;
    return kept(storage, value, {
      kind: 'dense',
      shape,
      ...weights(Float32Array.from(data as Float32Array)),
    });
  };
  const copyAsPlanes = (value: Value, place: Dense): Planes => {
    const geometry = geometryOfValue(value);
    const flat = planesOfDense(place);
    if (geometry.planeStride === geometry.height * geometry.width) return flat;
    const made = allocator.planes(`${value.name} (planes)`, { lead: place.shape.slice(0, -2), geometry });
    steps.push(writeCopies(value.name, flat, made));
    return made;
  };
  const copyAsDense = (value: Value, place: Planes): Dense => {
    const { height, width } = place.geometry;
    const made = allocator.dense(`${value.name} (dense)`, [...place.lead, height, width]);
    steps.push(writeCopies(value.name, place, planesOfDense(made)));
    return made;
  };
  return {
    steps,
    chooseTile,
    planeBuffers,
    isNonNegative,
    stored,
    store: (value, place) => void storage.set(value, place),
    newPlanes: (value, shared) => {
      const layout = { lead: staticShape(value).slice(0, -2), geometry: geometryOfValue(value) };
      return kept(storage, value, allocator.planes(value.name, layout, shared));
    },
    newDense: (value) => kept(storage, value, allocator.dense(value.name, staticShape(value))),
    scratch,
    weights,
    weightData,
    step: (step) => void steps.push(step),
    planes(value) {
      const place = stored(value);
      if (place.kind === 'planes') return place;
      const known = copies.get(value);
      return known?.kind === 'planes' ? known : kept(copies, value, copyAsPlanes(value, place));
    },
    dense(value) {
      const place = stored(value);
      if (place.kind === 'dense') return place;
      const known = copies.get(value) ?? asDense(place);
      return known?.kind === 'dense' ? known : kept(copies, value, copyAsDense(value, place));
    },
  };
}
