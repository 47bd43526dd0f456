import {
  type Calibration,
  type DataSet,
  EspalierError,
  openCalibration,
  type Preprocessing,
  type PreprocessingOptions,
  pruningDefaults,
  resolvePreprocessing,
  type Tensor,
  tensorImages,
  withChannels,
} from 'espalier/core';
import type { Version } from '../types.ts';

/** The folder in which a recipe expects the dropped images. */
export const imagesFolder = 'images';

/** Pictures that were dropped on the page, resized to the network's size. */
export interface DroppedImages {
  readonly names: readonly string[];
  /** uint8 [N, 3, H, W], in the order RGB. */
  readonly pixels: Tensor;
}

/** What the page shows of the images in use. Plain data. */
export interface ImagesSummary {
  /** Of the images in use, in the order of their indices. */
  readonly names: readonly string[];
  readonly preprocessing: Preprocessing;
}

/** Images on which a session calibrates, recovers and compares. */
export interface SessionImages {
  readonly names: readonly string[];
  /** As the library's `data` and `preprocessing`: the same images serve for calibration and for comparison. */
  readonly source: { readonly data: DataSet; readonly preprocessing: Preprocessing };
  /** All images, in batches of a size; the label of each is its index. */
  inBatches(size: number): Promise<Calibration>;
}

/**
 * How images become inputs of a version: from the choice on the page, else from the network. Throws `usage` naming what neither
 * states.
 */
export const imagePreprocessing = (
  { network: graph, title: name }: Version,
  options: PreprocessingOptions,
): Preprocessing => resolvePreprocessing({ graph, name, zooPreprocessing: null }, options);

/** Bytes of the inputs that are held for calibration. */
const MOST_BYTES = 512 * 2 ** 20;
/** As many as the command line calibrates on. */
const MOST_IMAGES = pruningDefaults.calibrationImages;

/** How many images can be used at the size of a preprocessing. */
export const mostImages = ({ mean, height, width }: Preprocessing): number =>
  Math.max(1, Math.min(MOST_IMAGES, Math.floor(MOST_BYTES / (4 * mean.length * height * width))));

/** Opens dropped images. Throws `invalid-data` if there are none. */
export function openImages({ names, pixels }: DroppedImages, preprocessing: Preprocessing): SessionImages {
  if (names.length === 0) throw new EspalierError('invalid-data', 'expected at least one image, found none');
  const coloured = { ...tensorImages({ images: pixels }), name: imagesFolder };
  const images = withChannels(coloured, preprocessing.mean.length);
  const data = { name: imagesFolder, train: images, test: images };
  const numbered = { ...images, labels: Int32Array.from(names.keys()) };
  return {
    names,
    source: { data, preprocessing },
    inBatches: (batch) => openCalibration(numbered, { preprocessing, images: names.length, batch, seed: 0 }),
  };
}
