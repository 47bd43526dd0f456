import { ownThreadBatches } from '../data/batches/own-thread.ts';
import type { Batch } from '../data/batches/prepare.ts';
import type { ImageSource } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';

/** Normalised images in memory on which a network is measured, in batches of one size. */
export interface Calibration {
  readonly batch: number;
  /** [channels, height, width] of an image. */
  readonly image: readonly [number, number, number];
  readonly batches: readonly Batch[];
  /** Whether the images have classes; where not, labels mean nothing. */
  readonly labelled: boolean;
  /** How many classes the images have; left out where that is not known. */
  readonly classes?: number;
}

/** Options of {@link openCalibration}. */
export interface CalibrationOptions {
  readonly preprocessing: Preprocessing;
  /** Images to take; default 1024, or all. */
  readonly images?: number;
  /** Default 64. */
  readonly batch?: number;
  readonly seed: number;
}

/**
 * A seeded choice of a source's images, whole batches only, neither shuffled twice nor augmented.
 *
 * @example
 * const calibration = await openCalibration(data.train, { preprocessing, images: 512, seed: 0 });
 */
export async function openCalibration(
  source: ImageSource,
  { preprocessing, images = 1024, batch: wanted = 64, seed }: CalibrationOptions,
): Promise<Calibration> {
  const batch = Math.min(wanted, source.count);
  const steps = Math.max(1, Math.floor(Math.min(images, source.count) / batch));
  const settings = {
    preprocessing,
    batch,
    seed,
    shuffle: true,
    dropLast: true,
    augmentation: 'none',
  } as const;
  const batches: Batch[] = [];
  for await (const next of ownThreadBatches(source, settings).epoch(0)) {
    batches.push(next);
    if (batches.length === steps) break;
  }
  const image = [source.channels, source.height, source.width] as const;
  const classes = source.classes.length;
  return { batch, image, batches, labelled: classes > 0, classes };
}
