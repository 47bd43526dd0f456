import type { Random } from '../../numeric/random.ts';
import type { ImageShape } from '../image-source.ts';

/** One image on its way through an augmentation, planar [C, H, W]: 8-bit, or float32 of a source of inputs. */
export interface AugmentedImage {
  readonly image: Uint8Array | Float32Array;
  /** Receives the result, of the same size. */
  readonly target: Uint8Array | Float32Array;
  readonly size: ImageShape;
}

/** A random change to a training image. */
export interface Augmentation {
  readonly name: string;
  /** Writes the changed image; draws from `random` alone, so that an image's fate depends on (seed, epoch, index). */
  apply(image: AugmentedImage, random: Random): void;
}
