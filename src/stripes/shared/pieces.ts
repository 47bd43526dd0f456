import { stridesOf } from '../../numeric/tensor.ts';
import type { SharedShape } from '../learning.ts';

/** Kernel positions of a block of filters that are removed together, and the side from which they are removed. */
export interface Piece {
  readonly side: number;
  readonly positions: readonly number[];
}

/** The pieces that a block may lose next, given its living positions. */
type PieceRule = (living: readonly number[], kernel: readonly number[]) => readonly Piece[];

/** The `side` of the last piece of a block. */
const WHOLE = -1;

/** The shapes that a block may have, each defined by the pieces that can be removed. */
export const sharedShapeRules = {
  /** Removes an outer row or column at a time: the living positions are always a box, that is, a cropped convolution. */
  rectangles(living, kernel) {
    const strides = stridesOf(kernel);
    const slices = kernel.flatMap((size, axis) => {
      const along = living.map((position) => Math.floor(position / strides[axis]!) % size);
      return [Math.min(...along), Math.max(...along)].map((edge, end) => {
        const positions = living.filter((_, i) => along[i] === edge);
        return { side: 2 * axis + end, positions };
      });
    });
    const outer = slices.filter(({ positions }) => positions.length < living.length);
    return living.length === 1 ? [{ side: WHOLE, positions: living }] : outer;
  },
  /** Removes any position. */
  free: (living) => living.map((position) => ({ side: position, positions: [position] })),
} satisfies Record<SharedShape, PieceRule>;
