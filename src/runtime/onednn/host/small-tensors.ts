import { stridesOf } from '../../../numeric/tensor.ts';

/** Reduces the elements along some axes; the result is row-major with the remaining axes. */
export function reduceTo(
  source: ArrayLike<number>,
  target: { [index: number]: number; length: number },
  { shape, axes, start, fold }: Reduction,
): void {
  const kept = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const strides = stridesOf(kept.map((axis) => shape[axis]!));
  const steps = shape.map((_, axis) => (axes.includes(axis) ? 0 : strides[kept.indexOf(axis)]!));
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < target.length; i++) target[i] = start;
  let at = 0;
  for (let i = 0; i < source.length; i++) {
    target[at] = fold(target[at]!, source[i]!);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += steps[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

export interface Reduction {
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  readonly start: number;
  readonly fold: (total: number, element: number) => number;
}

/** The index of the first largest element of each row [N, K]. */
export function argMax(source: ArrayLike<number>, target: BigInt64Array, length: number): void {
  for (let row = 0; row < target.length; row++) {
    let best = 0;
    for (let k = 1; k < length; k++) if (source[row * length + k]! > source[row * length + best]!) best = k;
    target[row] = BigInt(best);
  }
}
