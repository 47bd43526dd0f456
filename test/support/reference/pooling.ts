import { generate, indicesOf, offsetOf, type Reference, zerosLike } from './array.ts';
import { type ConvolutionWindow, placesOf } from './convolution.ts';

export interface PoolWindow extends Omit<ConvolutionWindow, 'group'> {
  readonly kernel: readonly number[];
}

/** y: the largest element of each window; padding is none. */
export function maxPool(x: Reference, window: PoolWindow): Reference {
  const y = pooled(x.shape, window);
  indicesOf(y.shape).forEach((index, yi) => {
    y.data[yi] = Math.max(...elementsUnder(x.shape, index, window).map((xi) => x.data[xi]!));
  });
  return y;
}

/** dx: each window's gradient goes to the first element, row by row, that is the largest. */
export function maxPoolGradient(dy: Reference, x: Reference, window: PoolWindow): Reference {
  const dx = zerosLike(x.shape);
  indicesOf(dy.shape).forEach((index, yi) => {
    const elements = elementsUnder(x.shape, index, window);
    const largest = Math.max(...elements.map((xi) => x.data[xi]!));
    const first = elements.find((xi) => x.data[xi] === largest)!;
    dx.data[first]! += dy.data[yi]!;
  });
  return dx;
}

/** y: the mean of each window, over its elements or, counting pads, over the kernel. */
export function averagePool(x: Reference, window: PoolWindow, countsPads: boolean): Reference {
  const y = pooled(x.shape, window);
  indicesOf(y.shape).forEach((index, yi) => {
    const elements = elementsUnder(x.shape, index, window);
    const count = countsPads ? sizeOf(window.kernel) : elements.length;
    y.data[yi] = elements.reduce((sum, xi) => sum + x.data[xi]!, 0) / count;
  });
  return y;
}

/** dx: each window's gradient is shared out among the elements that it averages. */
export function averagePoolGradient(
  dy: Reference,
  { shape, countsPads, ...window }: PoolWindow & { shape: readonly number[]; countsPads: boolean },
): Reference {
  const dx = zerosLike(shape);
  indicesOf(dy.shape).forEach((index, yi) => {
    const elements = elementsUnder(shape, index, window);
    const count = countsPads ? sizeOf(window.kernel) : elements.length;
    for (const xi of elements) dx.data[xi]! += dy.data[yi]! / count;
  });
  return dx;
}

const sizeOf = (kernel: readonly number[]): number => kernel.reduce((a, b) => a * b, 1);

function pooled(x: readonly number[], window: PoolWindow): Reference {
  const places = placesOf(x.slice(2), window.kernel, { ...window, group: 1 });
  return generate([x[0]!, x[1]!, ...places], () => 0);
}

/** Where the elements of x under the window of a place lie, row by row. */
function elementsUnder(
  x: readonly number[],
  [n, c, ...place]: readonly number[],
  { kernel, strides, pads, dilations }: PoolWindow,
): number[] {
  return indicesOf(kernel).flatMap((tap) => {
    const from = tap.map((t, axis) => place[axis]! * strides[axis]! + t * dilations[axis]! - pads[axis]!);
    const outside = from.some((i, axis) => i < 0 || i >= x[axis + 2]!);
    return outside ? [] : [offsetOf(x, [n!, c!, ...from])];
  });
}
