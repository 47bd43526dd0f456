import { augmentations } from './augmentations/index.ts';
import type { WorkerTask } from './batches/messages.ts';
import { type BatchStream, ownThreadBatches } from './batches/own-thread.ts';
import { type BatchSettings, batchesPerEpoch, checkSettings } from './batches/settings.ts';
import { workerEpochs } from './batches/worker-epochs.ts';
import type { ImageSource } from './image-source.ts';

export type { BatchStream } from './batches/own-thread.ts';
export type { Batch } from './batches/prepare.ts';

/** Options of reading batches. */
export interface BatchOptions extends BatchSettings {
  /**
   * 1 prepares batches in a worker thread, 0 on the caller's. Default: 1, but for so few pixels that a thread takes longer to
   * start than all of them. Sources without an origin and augmentations of the caller's own cannot be sent to a thread and
   * are always prepared on the caller's.
   */
  readonly workers?: 0 | 1;
}

/** Numbers in a source's images that are prepared on the caller's thread: some tens of milliseconds. */
const WORTH_A_THREAD = 1 << 20;

const numbersIn = ({ count, channels, height, width }: ImageSource): number =>
  count * channels * height * width;

/**
 * Shuffled, augmented and normalised batches of a source; throws `shape` where the source does not fit the preprocessing, and
 * `unsupported` where a batch would take more than the memory budget.
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
  return typeof augmentation === 'string' && Object.hasOwn(augmentations, augmentation);
}
