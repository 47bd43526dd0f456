import type { ImageSource } from '../image-source.ts';
import { type Batch, batchPreparer } from './prepare.ts';
import { type BatchSettings, batchesPerEpoch, checkSettings } from './settings.ts';

/** The batches of any epoch. It may own a thread, so close it. */
export interface BatchStream {
  /** Batches per epoch. */
  readonly steps: number;
  /**
   * The batches of an epoch from `firstStep` (default 0). They are bit-identical whatever was read before and whichever
   * thread prepares them.
   */
  epoch(epoch: number, firstStep?: number): AsyncIterable<Batch>;
  close(): Promise<void>;
}

/** Prepares batches on the calling thread. Throws the errors of {@link checkSettings}. */
export function ownThreadBatches(source: ImageSource, settings: BatchSettings): BatchStream {
  checkSettings(source, settings);
  const steps = batchesPerEpoch(source.count, settings);
  const prepare = batchPreparer(source, settings);
  return {
    steps,
    async *epoch(epoch, firstStep = 0) {
      for (let step = firstStep; step < steps; step++) yield await prepare({ epoch, step });
    },
    close: async () => {},
  };
}
