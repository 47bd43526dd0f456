/** Labelled images of one size, decoded on demand: 8-bit, planar [C, H, W], red first. */
export interface ImageSource {
  readonly name: string;
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly labels: Int32Array;
  /** Class names by label. */
  readonly classes: readonly string[];
  /** Writes image `index` into `target`, which has channels·height·width bytes. */
  read(index: number, target: Uint8Array): void | Promise<void>;
}

/** A data set's two splits. */
export interface DataSet {
  readonly name: string;
  readonly train: ImageSource;
  readonly test: ImageSource;
}
