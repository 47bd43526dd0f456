import { stridesOf } from '../../numeric/tensor.ts';
import type { SharedShape } from '../learning.ts';

/** Kernel positions of a block of filters that are removed together, and the side from which they are removed. */
export interface Piece {
  readonly side: number;
  readonly positions: readonly number[];
}

/** What a block may lose next, of the positions that live. */
type PieceRule = (living: readonly number[], kernel: readonly number[]) => readonly Piece[];

/** The last position of a block: no side is left. */
const WHOLE = -1;

/** The shapes that a block may have, each by what can be taken off it. */
export const sharedShapeRules = {
  /** An outer row or column at a time, so that what lives is a box at all times: exactly a cropped convolution. */
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
  /** Any position. */
  free: (living) => living.map((position) => ({ side: position, positions: [position] })),
} satisfies Record<SharedShape, PieceRule>;
