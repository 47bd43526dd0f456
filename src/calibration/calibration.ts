import type { AugmentationSetting } from '../data/augmentations/index.ts';
import { ownThreadBatches } from '../data/batches/own-thread.ts';
import type { Batch } from '../data/batches/prepare.ts';
import type { ImageSource } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';

/** Preprocessed images in memory on which a network is measured, in batches of one size. */
export interface Calibration {
  readonly batch: number;
  /** [channels, height, width] of one image. */
  readonly image: readonly [number, number, number];
  readonly batches: readonly Batch[];
  /** Whether the images have classes; if not, labels are meaningless. */
  readonly labelled: boolean;
  /** Number of classes; absent if unknown. */
  readonly classes?: number;
}

/** Options of {@link openCalibration}. */
export interface CalibrationOptions {
  readonly preprocessing: Preprocessing;
  /** Number of images; default 1024, or all if there are fewer. */
  readonly images?: number;
  /** Images per batch; default 64. */
  readonly batch?: number;
  readonly seed: number;
  /** Default `none`. */
  readonly augmentation?: AugmentationSetting;
}

/**
 * Chooses random images of a source by seed, in whole batches.
 *
 * @example
 * const calibration = await openCalibration(data.train, { preprocessing, images: 512, seed: 0 });
 */
export async function openCalibration(
  source: ImageSource,
  { preprocessing, images = 1024, batch: wanted = 64, seed, augmentation = 'none' }: CalibrationOptions,
): Promise<Calibration> {
  const batch = Math.min(wanted, source.count);
  const steps = Math.max(1, Math.floor(Math.min(images, source.count) / batch));
  const settings = { preprocessing, batch, seed, augmentation, shuffle: true, dropLast: true };
  const batches: Batch[] = [];
  for await (const next of ownThreadBatches(source, settings).epoch(0)) {
    batches.push(next);
    if (batches.length === steps) break;
  }
  const image = [source.channels, source.height, source.width] as const;
  const classes = source.classes.length;
  return { batch, image, batches, labelled: classes > 0, classes };
}

/** The largest batch of {@link calibrationOn}. */
const LARGEST_BATCH = 64;

/** Up to `images` images of a source in batches of one size, of which as few as possible are left over. */
export function calibrationOn(
  source: ImageSource,
  {
    images: most,
    ...options
  }: Pick<CalibrationOptions, 'preprocessing' | 'seed'> & { readonly images: number },
): Promise<Calibration> {
  const images = Math.min(most, source.count);
  const batch = Math.ceil(images / Math.ceil(images / LARGEST_BATCH));
  return openCalibration(source, { ...options, images, batch });
}
