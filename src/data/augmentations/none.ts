import type { Augmentation } from './augmentation.ts';

/** Copies the image unchanged. */
export const none: Augmentation = {
  name: 'none',
  apply: ({ image, target }) => target.set(image),
};
