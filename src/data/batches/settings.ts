import { EspalierError } from '../../errors.ts';
import { expectWithin } from '../../numeric/budget.ts';
import type { AugmentationSetting } from '../augmentations/index.ts';
import type { ImageSource } from '../image-source.ts';
import type { Preprocessing } from '../preprocessing.ts';

/** How a source is divided into batches. */
export interface BatchSettings {
  /** Images per batch. */
  readonly batch: number;
  readonly preprocessing: Preprocessing;
  readonly seed: number;
  readonly augmentation: AugmentationSetting;
  /** Whether every epoch has a new random order; otherwise the source's order. */
  readonly shuffle: boolean;
  /** Whether to omit the last batch if it is incomplete. */
  readonly dropLast: boolean;
}

/** Number of batches per epoch. */
export function batchesPerEpoch(count: number, { batch, dropLast }: BatchSettings): number {
  return dropLast ? Math.floor(count / batch) : Math.ceil(count / batch);
}

/**
 * Throws `usage` or `shape` if no batch can be made of the source, `unsupported` if a batch would exceed the memory budget.
 */
export function checkSettings(source: ImageSource, settings: BatchSettings): void {
  const { batch, preprocessing } = settings;
  const where = source.name;
  if (!Number.isInteger(batch) || batch < 1)
    throw new EspalierError('usage', `expected a batch of at least 1 image, found ${batch}`, { where });
  if (batchesPerEpoch(source.count, settings) === 0)
    throw new EspalierError('usage', `expected at least ${batch} images, one batch, found ${source.count}`, {
      where,
    });
  const expected = [preprocessing.mean.length, preprocessing.height, preprocessing.width];
  const found = [source.channels, source.height, source.width];
  if (expected.join() !== found.join())
    throw new EspalierError('shape', `expected images of ${expected.join('×')}, found ${found.join('×')}`, {
      where,
    });
  expectBatchFits(source, batch);
}

function expectBatchFits({ name, count, channels, height, width }: ImageSource, batch: number): void {
  const images = Math.min(count, batch);
  const what = `${images} ${images === 1 ? 'image' : 'images'} of [${channels}, ${height}, ${width}]`;
  expectWithin({ bytes: 4 * images * channels * height * width, where: name, what });
}
