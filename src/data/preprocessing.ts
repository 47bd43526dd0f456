/**
 * What turns an 8-bit image into a network's input: resized to `height` × `width`, then per channel
 * (x/255 − mean) / std. Stored with a model, so that whoever evaluates it needs no flags.
 */
export interface Preprocessing {
  readonly height: number;
  readonly width: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The key of the preprocessing, as JSON, in a model's metadata. */
export const PREPROCESSING_KEY = 'espalier.preprocessing';
/** The key of the class names, as a JSON array, in a model's metadata. */
export const CLASSES_KEY = 'espalier.classes';
