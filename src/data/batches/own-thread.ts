import type { ImageSource } from '../image-source.ts';
import { type Batch, batchPreparer } from './prepare.ts';
import { type BatchSettings, batchesPerEpoch, checkSettings } from './settings.ts';

/** The batches of any epoch. May own a thread: close it. */
export interface BatchStream {
  /** Batches in an epoch. */
  readonly steps: number;
  /**
   * The batches of an epoch from `firstStep` (default 0) on: the same ones, bit for bit, whatever was read before and
   * whichever thread prepares them.
   */
  epoch(epoch: number, firstStep?: number): AsyncIterable<Batch>;
  close(): Promise<void>;
}

/** Batches that are prepared on the caller's thread; throws as {@link checkSettings} does. */
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
