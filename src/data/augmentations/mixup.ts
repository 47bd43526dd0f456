import { type Mixing, symmetricBeta, withNext } from './mixing.ts';

const ALPHA = 0.2;

/** λ·x + (1 − λ)·x′, with one λ from Beta(0.2, 0.2) for a batch (Zhang et al., ICLR 2018, arXiv:1710.09412). */
export const mixup: Mixing = {
  name: 'mixup',
  mix(batch, random) {
    const share = symmetricBeta(ALPHA, random);
    withNext(batch, (image, next) => {
      for (let i = 0; i < image.length; i++) image[i] = share * image[i]! + (1 - share) * next[i]!;
    });
    return share;
  },
};
