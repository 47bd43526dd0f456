import { type ErrorCode, EspalierError } from '../../errors.ts';
import type { ImageOrigin, ImageSource } from '../image-source.ts';
import type { Batch } from './prepare.ts';
import type { BatchSettings } from './settings.ts';

/** The data with which a worker is started. */
export interface WorkerTask {
  readonly source: Omit<ImageSource, 'read' | 'origin'>;
  readonly origin: ImageOrigin;
  readonly settings: BatchSettings;
}

/** Starts an epoch and requests its first `ahead` batches, or requests one more batch. */
export type Order =
  | { readonly kind: 'start'; readonly epoch: number; readonly firstStep: number; readonly ahead: number }
  | { readonly kind: 'more' };

/** A batch, the end of the epoch, or an error. */
export type Reply =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly where?: string };

/** Converts an error to a message: class instances are not preserved between threads. */
export function failure(error: unknown): Reply {
  if (!(error instanceof EspalierError))
    return { kind: 'failed', code: 'runtime', message: String(error), where: 'batch worker' };
  const { code, message, where } = error;
  return { kind: 'failed', code, where, message: where ? message.slice(where.length + 2) : message };
}
