import { EspalierError } from '../../errors.ts';
import { LUMINANCE } from '../channels.ts';
import type { Augmentation, AugmentedImage } from './augmentation.ts';

/** Factors are from 1 − this to 1 + this. */
const STRENGTH = 0.4;

export interface ColorFactors {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
}

/**
 * Multiplies brightness, contrast and saturation by random factors from 0.6 to 1.4 (Krizhevsky et al., NeurIPS 2012, in the form
 * of torchvision's ColorJitter, but always in this order, and rounded once). Alpha is left alone. Throws `unsupported` for images
 * that are no 8-bit pixels.
 */
export const colorJitter: Augmentation = {
  name: 'color-jitter',
  apply(image, { uniform }) {
    const factor = () => 1 + STRENGTH * (2 * uniform() - 1);
    changeColors(image, { brightness: factor(), contrast: factor(), saturation: factor() });
  },
};

/** x ← brightness·x; x ← m + contrast·(x − m), m the mean luminance; x ← l + saturation·(x − l), l that of the pixel. */
export function changeColors({ image, target, size }: AugmentedImage, factors: ColorFactors): void {
  if (!(image instanceof Uint8Array))
    throw new EspalierError('unsupported', 'expected 8-bit images, found inputs of a network', {
      where: 'color-jitter',
    });
  const { brightness, contrast, saturation } = factors;
  const plane = size.height * size.width;
  const colors = size.channels >= 3 ? 3 : 1;
  const luminance = (i: number) =>
    colors === 1
      ? image[i]!
      : LUMINANCE.reduce((sum, part, channel) => sum + part * image[channel * plane + i]!, 0);
  let mean = 0;
  for (let i = 0; i < plane; i++) mean += (brightness * luminance(i)) / plane;
  for (let i = 0; i < plane; i++) {
    const grey = brightness * luminance(i);
    for (let at = i; at < colors * plane; at += plane) {
      const saturated = grey + saturation * (brightness * image[at]! - grey);
      const changed = mean + contrast * (saturated - mean);
      target[at] = Math.round(Math.min(255, Math.max(0, changed)));
    }
  }
  target.set(image.subarray(colors * plane), colors * plane);
}
