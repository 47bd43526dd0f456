import { assert } from '../errors.ts';
import { elementCount, floats, type Tensor, type TypedArray } from '../numeric/tensor.ts';
import { copyElements } from '../numeric/typed-arrays.ts';

/** The slices `indices` of a float32 tensor along one axis, in that order, each `block` rows wide. */
export function selectSlices(tensor: Tensor, axis: number, indices: readonly number[], block = 1): Tensor {
  assert(tensor.dtype === 'float32', `float32 expected, got ${tensor.dtype}`);
  const source = tensor.data as Float32Array;
  const outer = elementCount(tensor.shape.slice(0, axis));
  const run = elementCount(tensor.shape.slice(axis + 1)) * block;
  const stride = elementCount(tensor.shape.slice(axis));
  const shape = [...tensor.shape];
  shape[axis] = indices.length * block;
  const target = new Float32Array(outer * indices.length * run);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of indices) {
      const from = o * stride + index * run;
      target.set(source.subarray(from, from + run), at);
      at += run;
    }
  }
  return floats(shape, target);
}

/** Indices along some axes of a tensor, by axis. */
export type Places = ReadonlyMap<number, ArrayLike<number>>;

/** The kept places of each parameter that lost any, by its name. */
export type KeptPlaces = ReadonlyMap<string, Places>;

/**
 * The elements of a numeric tensor at the given indices along some axes; other axes are kept. They are copied, in one pass, when
 * they are first read: the costs of a cut network depend on shapes alone.
 */
export function selectPlaces(tensor: Tensor, places: Places): Tensor {
  const { dtype, data } = tensor;
  assert(
    ArrayBuffer.isView(data) && data.length === elementCount(tensor.shape),
    `numbers expected, got ${dtype}`,
  );
  const shape = tensor.shape.map((size, axis) => places.get(axis)?.length ?? size);
  const last = Math.max(-1, ...places.keys());
  if (last < 0) return tensor;
  let copied: TypedArray | null = null;
  return {
    dtype,
    shape,
    get data() {
      copied ??= copyPlaces(data, tensor.shape, { places, last });
      return copied;
    },
  };
}

interface PlacesToCopy {
  readonly places: Places;
  /** The last axis of which places are selected. */
  readonly last: number;
}

function copyPlaces(
  source: TypedArray,
  shape: readonly number[],
  { places, last }: PlacesToCopy,
): TypedArray {
  const run = elementCount(shape.slice(last + 1));
  const rows = offsets(shape, places, last);
  const steps = Array.from(places.get(last)!, (place) => place * run);
  const size = rows.length * steps.length * run;
  const target = new (source.constructor as new (length: number) => TypedArray)(size);
  copyRuns({ source, target, run }, rows, steps);
  return target;
}

/** The start of each kept row: the positions of the kept indices of all axes before `last`. */
function offsets(shape: readonly number[], places: Places, last: number): number[] {
  let rows = [0];
  let stride = elementCount(shape);
  for (let axis = 0; axis < last; axis++) {
    stride /= shape[axis]!;
    const kept = places.get(axis) ?? Array.from({ length: shape[axis]! }, (_, place) => place);
    const longer = new Array<number>(rows.length * kept.length);
    for (let r = 0; r < rows.length; r++)
      for (let k = 0; k < kept.length; k++) longer[r * kept.length + k] = rows[r]! + kept[k]! * stride;
    rows = longer;
  }
  return rows;
}

interface RunCopy {
  readonly source: TypedArray;
  readonly target: TypedArray;
  readonly run: number;
}

/** Runs shorter than this are copied faster element by element. */
const LONG_RUN = 32;

function copyRuns({ source, target, run }: RunCopy, rows: readonly number[], steps: readonly number[]): void {
  let at = 0;
  for (const row of rows) {
    for (const step of steps) {
      const from = row + step;
      if (run >= LONG_RUN) copyElements(target, source.subarray(from, from + run), at);
      else for (let i = 0; i < run; i++) target[at + i] = source[from + i]!;
      at += run;
    }
  }
}
