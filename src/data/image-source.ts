import type { Fitting } from './image-folder/fits.ts';

/** The channels and size of a source's images. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Labelled images of one size, decoded when read: uint8, planar [C, H, W] in the order RGB. */
export interface ImageSource extends ImageShape {
  readonly name: string;
  readonly count: number;
  readonly labels: Int32Array;
  /** Class names by label. */
  readonly classes: readonly string[];
  /** Writes image `index` into `target`, which has channels·height·width bytes. */
  read(index: number, target: Uint8Array): void | Promise<void>;
  /**
   * For a source of raw inputs: writes input `index` as the network takes it, [C, H, W], instead of {@link read} and
   * preprocessing.
   */
  readInput?(index: number, target: Float32Array): void | Promise<void>;
  /** Where the images are stored, so that another thread can open them. A source without it is read on the calling thread. */
  readonly origin?: ImageOrigin;
}

/** Where images are stored, as data that can be sent to another thread. */
export type ImageOrigin =
  /** Planar images, concatenated. */
  | { readonly kind: 'memory'; readonly pixels: Uint8Array }
  /** Encoded files, which are resized when read. */
  | ({ readonly kind: 'files'; readonly paths: readonly string[] } & Fitting)
  /** Images converted from another number of channels. */
  | { readonly kind: 'channels'; readonly of: ImageOrigin; readonly from: number }
  | { readonly kind: 'subset'; readonly of: ImageOrigin; readonly indices: Uint32Array };

/** The training and test images of a data set. */
export interface DataSet {
  readonly name: string;
  readonly train: ImageSource;
  readonly test: ImageSource;
}
