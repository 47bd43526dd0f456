import type { Random } from '../../numeric/random.ts';
import type { ImageShape } from '../image-source.ts';

/** Preprocessed images [N, C, H, W]. */
export interface ImagesToMix {
  readonly images: Float32Array;
  readonly size: ImageShape;
}

/** A random mixture of each image of a batch with the next one, in place. */
export interface Mixing {
  readonly name: string;
  /** Returns the share of an image itself, in [0, 1]. All randomness must come from `random`. */
  mix(batch: ImagesToMix, random: Random): number;
}

/** Calls `combine` for each image with the next one of the batch; the last one is followed by the first, as it was. */
export function withNext(
  { images, size }: ImagesToMix,
  combine: (image: Float32Array, next: Float32Array) => void,
): void {
  const length = size.channels * size.height * size.width;
  const first = images.slice(0, length);
  for (let start = 0; start < images.length; start += length) {
    const end = start + length;
    combine(images.subarray(start, end), end < images.length ? images.subarray(end, end + length) : first);
  }
}

/** A number from Beta(α, α), α ≤ 1 (Jöhnk, Metrika 1964). */
export function symmetricBeta(alpha: number, { uniform }: Random): number {
  for (;;) {
    const [x, y] = [uniform() ** (1 / alpha), uniform() ** (1 / alpha)];
    if (x + y > 0 && x + y <= 1) return x / (x + y);
  }
}
