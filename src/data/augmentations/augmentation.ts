import type { Random } from '../../numeric/random.ts';
import type { ImageShape } from '../image-source.ts';

/** One image to be augmented, planar [C, H, W]: uint8, or float32 for a source of raw inputs. */
export interface AugmentedImage {
  readonly image: Uint8Array | Float32Array;
  /** Receives the result, which has the same size. */
  readonly target: Uint8Array | Float32Array;
  readonly size: ImageShape;
}

/** A random change of a training image. */
export interface Augmentation {
  readonly name: string;
  /**
   * Writes the changed image. All randomness must come from `random`, so that the result depends only on (seed, epoch,
   * index).
   */
  apply(image: AugmentedImage, random: Random): void;
}
