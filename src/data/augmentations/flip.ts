import type { Augmentation } from './augmentation.ts';
import { shiftAndFlip } from './shift-and-flip.ts';

/** Mirrors left to right with probability ½. */
export const flip: Augmentation = {
  name: 'flip',
  apply: (image, random) => shiftAndFlip(image, { down: 0, right: 0, flip: random.integer(2) === 1 }),
};
