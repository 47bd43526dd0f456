import { EspalierError } from '../../errors.ts';
import { expectWithin } from '../../numeric/budget.ts';
import type { Augmentation, AugmentationName } from '../augmentations/index.ts';
import type { ImageSource } from '../image-source.ts';
import type { Preprocessing } from '../preprocessing.ts';

/** How a source becomes batches. */
export interface BatchSettings {
  /** Images in a batch. */
  readonly batch: number;
  readonly preprocessing: Preprocessing;
  readonly seed: number;
  readonly augmentation: AugmentationName | Augmentation;
  /** A new order every epoch; otherwise the source's own. */
  readonly shuffle: boolean;
  /** Leaves out the last batch where it is not full. */
  readonly dropLast: boolean;
}

/** Batches in an epoch. */
export function batchesPerEpoch(count: number, { batch, dropLast }: BatchSettings): number {
  return dropLast ? Math.floor(count / batch) : Math.ceil(count / batch);
}

/**
 * Throws `usage` or `shape` where no batch can be made of the source, and `unsupported` where one would take more than the
 * memory budget.
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
