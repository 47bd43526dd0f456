import { augmentationNames } from './augmentations/index.ts';
import type { WorkerTask } from './batches/messages.ts';
import { type BatchStream, ownThreadBatches } from './batches/own-thread.ts';
import { type BatchSettings, batchesPerEpoch, checkSettings } from './batches/settings.ts';
import { workerEpochs } from './batches/worker-epochs.ts';
import type { ImageSource } from './image-source.ts';

export type { BatchStream } from './batches/own-thread.ts';
export type { Batch } from './batches/prepare.ts';

/** Options of {@link openBatches}. */
export interface BatchOptions extends BatchSettings {
  /**
   * 1 prepares batches in a worker thread, 0 on the calling thread. Default: 1, unless there are so few pixels that starting
   * a thread takes longer than preparing them all. Sources without `origin` and custom augmentations cannot be sent to a
   * thread, and are always prepared on the calling thread.
   */
  readonly workers?: 0 | 1;
}

/** Number of values in a source's images up to which they are prepared on the calling thread: some tens of milliseconds. */
const WORTH_A_THREAD = 1 << 20;

const numbersIn = ({ count, channels, height, width }: ImageSource): number =>
  count * channels * height * width;

/**
 * Opens shuffled, augmented and normalised batches of a source. Throws `shape` if the source does not fit the preprocessing,
 * `unsupported` if a batch would exceed the memory budget.
 *
 * @example
 * const settings = { batch: 128, preprocessing, seed: 0, shuffle: true, dropLast: true } as const;
 * const batches = openBatches(data.train, { ...settings, augmentation: 'pad-crop-flip' });
 * for await (const { images, labels } of batches.epoch(0)) console.log(images.length, labels.length);
 * await batches.close();
 */
export function openBatches(source: ImageSource, options: BatchOptions): BatchStream {
  const { workers = numbersIn(source) < WORTH_A_THREAD ? 0 : 1 } = options;
  const task = workers === 0 ? null : workerTask(source, options);
  if (!task) return ownThreadBatches(source, options);
  checkSettings(source, options);
  const worker = workerEpochs(task);
  return {
    steps: batchesPerEpoch(source.count, options),
    epoch: (number, firstStep = 0) => worker.epoch({ epoch: number, firstStep }),
    close: worker.close,
  };
}

function workerTask(source: ImageSource, options: BatchOptions): WorkerTask | null {
  const { batch, preprocessing, seed, augmentation, shuffle, dropLast } = options;
  if (!source.origin || !isNamed(augmentation)) return null;
  const { name, count, channels, height, width, labels, classes } = source;
  return {
    source: { name, count, channels, height, width, labels, classes },
    origin: source.origin,
    settings: { batch, preprocessing, seed, augmentation, shuffle, dropLast },
  };
}

function isNamed(augmentation: BatchSettings['augmentation']): boolean {
  const names: readonly unknown[] = augmentationNames;
  return [augmentation].flat().every((one) => names.includes(one));
}
