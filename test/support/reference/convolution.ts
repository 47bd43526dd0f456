import { indicesOf, offsetOf, type Reference, zerosLike } from './array.ts';

/** A convolution's window, everything written out. */
export interface ConvolutionWindow {
  readonly strides: readonly number[];
  /** Begins, then ends. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly group: number;
}

type Shape = readonly number[];

/** The spatial size of the result. */
export function placesOf(
  size: Shape,
  kernel: Shape,
  { strides, pads, dilations }: ConvolutionWindow,
): number[] {
  return size.map((length, axis) => {
    const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
    return Math.floor((length + pads[axis]! + pads[axis + size.length]! - reach) / strides[axis]!) + 1;
  });
}

/** y = x ⋆ w + b. */
export function convolution(x: Reference, w: Reference, window: ConvolutionWindow, b?: Reference): Reference {
  const places = placesOf(x.shape.slice(2), w.shape.slice(2), window);
  const y = zerosLike([x.shape[0]!, w.shape[0]!, ...places]);
  eachProduct({ x: x.shape, w: w.shape, y: y.shape }, window, (xi, wi, yi) => {
    y.data[yi]! += x.data[xi]! * w.data[wi]!;
  });
  if (b) {
    for (const [offset, index] of indicesOf(y.shape).entries()) y.data[offset]! += b.data[index[1]!]!;
  }
  return y;
}

/** ∂L/∂x: every product x·w that is part of a y passes dy·w back to x. */
export function inputGradient(dy: Reference, w: Reference, window: ConvolutionWindow, x: Shape): Reference {
  const dx = zerosLike(x);
  eachProduct({ x, w: w.shape, y: dy.shape }, window, (xi, wi, yi) => {
    dx.data[xi]! += dy.data[yi]! * w.data[wi]!;
  });
  return dx;
}

/** ∂L/∂w: every product x·w that is part of a y passes dy·x back to w. */
export function weightGradient(x: Reference, dy: Reference, window: ConvolutionWindow, w: Shape): Reference {
  const dw = zerosLike(w);
  eachProduct({ x: x.shape, w, y: dy.shape }, window, (xi, wi, yi) => {
    dw.data[wi]! += dy.data[yi]! * x.data[xi]!;
  });
  return dw;
}

/** Visits every product x[xi]·w[wi] that a convolution adds to y[yi]. */
function eachProduct(
  { x, w, y }: { x: Shape; w: Shape; y: Shape },
  { strides, pads, dilations, group }: ConvolutionWindow,
  visit: (xi: number, wi: number, yi: number) => void,
): void {
  const [places, taps] = [indicesOf(y.slice(2)), indicesOf(w.slice(2))];
  for (let n = 0; n < y[0]!; n++) {
    for (let m = 0; m < w[0]!; m++) {
      const firstChannel = Math.floor(m / (w[0]! / group)) * w[1]!;
      for (let c = 0; c < w[1]!; c++) {
        for (const place of places) {
          for (const tap of taps) {
            const from = place.map(
              (p, axis) => p * strides[axis]! + tap[axis]! * dilations[axis]! - pads[axis]!,
            );
            if (from.some((i, axis) => i < 0 || i >= x[axis + 2]!)) continue;
            visit(
              offsetOf(x, [n, firstChannel + c, ...from]),
              offsetOf(w, [m, c, ...tap]),
              offsetOf(y, [n, m, ...place]),
            );
          }
        }
      }
    }
  }
}
