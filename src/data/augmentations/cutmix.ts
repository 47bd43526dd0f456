import { type Mixing, withNext } from './mixing.ts';

/**
 * A box of the next image is pasted, with √(1 − λ) of both sides and a random centre, cut off at the edges; λ is uniform, one for a
 * batch (Yun et al., ICCV 2019, arXiv:1905.04899). The share is that of the pixels.
 */
export const cutmix: Mixing = {
  name: 'cutmix',
  mix(batch, random) {
    const { channels, height, width } = batch.size;
    const side = Math.sqrt(1 - random.uniform());
    const [top, bottom] = edges(height, side * height, random.integer(height));
    const [left, right] = edges(width, side * width, random.integer(width));
    withNext(batch, (image, next) => {
      for (let row = 0; row < channels * height; row++) {
        const y = row % height;
        if (y < top || y >= bottom) continue;
        const [from, to] = [row * width + left, row * width + right];
        image.set(next.subarray(from, to), from);
      }
    });
    return 1 - ((bottom - top) * (right - left)) / (height * width);
  },
};

function edges(size: number, length: number, centre: number): [number, number] {
  return [Math.max(0, Math.round(centre - length / 2)), Math.min(size, Math.round(centre + length / 2))];
}
