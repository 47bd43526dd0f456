import type { Augmentation } from './augmentation.ts';
import { flip } from './flip.ts';
import { none } from './none.ts';
import { padCropFlip } from './pad-crop-flip.ts';

export type { Augmentation } from './augmentation.ts';
/**
 * The built-in augmentations: none; random horizontal flips; random shifts by up to 4 pixels with random horizontal flips.
 */
export type AugmentationName = 'none' | 'flip' | 'pad-crop-flip';

/** The augmentations by name. */
export const augmentations: { readonly [N in AugmentationName]: Augmentation } = {
  none,
  flip,
  'pad-crop-flip': padCropFlip,
};
