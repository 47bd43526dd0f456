import type { Shape } from '../../graph/graph.ts';

/** The largest factor by which a map of classes may be smaller than the image. */
const COARSEST = 4;

/**
 * The channel axis of an output [N, classes, H, W] or [N, H, W, classes] with scores for each pixel of the image, or of a map
 * down to a quarter of its size; null for other outputs.
 */
export function pixelAxis(
  shape: Shape,
  image: { readonly height: number; readonly width: number },
): 1 | 3 | null {
  if (shape.length !== 4) return null;
  const [, second, third, fourth] = shape.map(Number) as [number, number, number, number];
  const isMap = (height: number, width: number) =>
    height > 1 &&
    height <= image.height &&
    height >= image.height / COARSEST &&
    width > 1 &&
    width <= image.width &&
    width >= image.width / COARSEST &&
    Math.abs(height / image.height - width / image.width) < 0.05;
  if (isMap(third, fourth) && second > 1) return 1;
  return isMap(second, third) && fourth > 1 ? 3 : null;
}
