import type { Augmentation } from './augmentation.ts';
import { shiftAndFlip } from './shift-and-flip.ts';

const PADDING = 4;

/**
 * Pads by 4 pixels on each side, crops at random to the original size, mirrors with probability ½ (He et al., Deep Residual
 * Learning, CVPR 2016, arXiv:1512.03385, section 4.2).
 * The padding is black before normalisation, as in torchvision's RandomCrop; the paper does not specify its value.
 */
export const padCropFlip: Augmentation = {
  name: 'pad-crop-flip',
  apply: (image, random) => {
    const down = random.integer(2 * PADDING + 1) - PADDING;
    const right = random.integer(2 * PADDING + 1) - PADDING;
    shiftAndFlip(image, { down, right, flip: random.integer(2) === 1 });
  },
};
