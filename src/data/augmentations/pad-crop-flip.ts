import type { Augmentation } from './augmentation.ts';
import { shiftAndFlip } from './shift-and-flip.ts';

const PADDING = 4;

/**
 * Padded by 4 on each side, cropped at random to the old size, mirrored with probability ½ (He et al., Deep Residual
 * Learning, CVPR 2016, arXiv:1512.03385, section 4.2).
 * The padding is black before normalisation, as in torchvision's RandomCrop, where the paper says nothing of its value.
 */
export const padCropFlip: Augmentation = {
  name: 'pad-crop-flip',
  apply: (image, random) => {
    const down = random.integer(2 * PADDING + 1) - PADDING;
    const right = random.integer(2 * PADDING + 1) - PADDING;
    shiftAndFlip(image, { down, right, flip: random.integer(2) === 1 });
  },
};
