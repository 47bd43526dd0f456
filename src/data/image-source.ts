/** The size of a source's images. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Labelled images of one size, decoded on demand: 8-bit, planar [C, H, W], red first. */
export interface ImageSource extends ImageShape {
  readonly name: string;
  readonly count: number;
  readonly labels: Int32Array;
  /** Class names by label. */
  readonly classes: readonly string[];
  /** Writes image `index` into `target`, which has channels·height·width bytes. */
  read(index: number, target: Uint8Array): void | Promise<void>;
  /**
   * Of a source of inputs: writes input `index` as the network takes it, [C, H, W], in place of {@link read} and of the
   * preprocessing.
   */
  readInput?(index: number, target: Float32Array): void | Promise<void>;
  /** Where the images lie, for a thread that opens them again; a source without it is read on its own thread. */
  readonly origin?: ImageOrigin;
}

/** Where images lie, as data that can be sent to another thread. */
export type ImageOrigin =
  /** Planar images one after the other. */
  | { readonly kind: 'memory'; readonly pixels: Uint8Array }
  /** Encoded files, resized and cropped when read. */
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  /** Of another number of channels. */
  | { readonly kind: 'channels'; readonly of: ImageOrigin; readonly from: number }
  | { readonly kind: 'subset'; readonly of: ImageOrigin; readonly indices: Uint32Array };

/** A data set's two splits. */
export interface DataSet {
  readonly name: string;
  readonly train: ImageSource;
  readonly test: ImageSource;
}
