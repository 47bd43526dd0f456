import type { Augmentation } from './augmentation.ts';

/** The image as it is. */
export const none: Augmentation = {
  name: 'none',
  apply: ({ image, target }) => target.set(image),
};
