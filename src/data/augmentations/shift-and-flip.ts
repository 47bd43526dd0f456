import type { AugmentedImage } from './augmentation.ts';

export interface ImageShift {
  /** y[r][c] = x[r + down][c + right] before the flip. */
  readonly down: number;
  readonly right: number;
  readonly flip: boolean;
}

/** Shifts and mirrors an image. Pixels from outside are 0, which is −mean/std after normalisation. */
export function shiftAndFlip({ image, target, size }: AugmentedImage, placement: ImageShift): void {
  const { channels, height, width } = size;
  const { down, right, flip } = placement;
  const [from, to] = [Math.max(0, -right), Math.min(width, width - right)];
  for (let channel = 0; channel < channels; channel++)
    for (let row = 0; row < height; row++) {
      const start = (channel * height + row) * width;
      const line = target.subarray(start, start + width);
      const source = row + down;
      if (source < 0 || source >= height) {
        line.fill(0);
        continue;
      }
      const offset = (channel * height + source) * width + right;
      line.fill(0, 0, from);
      line.fill(0, to);
      for (let column = from; column < to; column++) line[column] = image[offset + column]!;
      if (flip) line.reverse();
    }
}
