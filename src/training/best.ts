import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EspalierError } from '../errors.ts';
import { readCheckpoint } from './checkpoint.ts';

/** The file that holds the state of the best epoch until a checkpoint confirms it. */
export const stagedBest = (directory: string): string => join(directory, 'best.staged.safetensors');

/**
 * Makes `best.safetensors` agree with the progress of a run. If the staged state has the score that the progress names as
 * best, it replaces `best.safetensors`; if not, it belongs to epochs that will be repeated, and is deleted.
 */
export function settleBest(directory: string, { best }: { readonly best: number | null }): void {
  const staged = stagedBest(directory);
  if (!existsSync(staged)) return;
  if (bestIn(staged) === best) renameSync(staged, join(directory, 'best.safetensors'));
  else rmSync(staged, { force: true });
}

/** The score stored with a kept state; null if the file is damaged. */
function bestIn(path: string): number | null {
  try {
    return readCheckpoint<{ readonly best: number | null }>(path).progress.best;
  } catch (cause) {
    if (cause instanceof EspalierError && cause.code === 'invalid-data') return null;
    throw cause;
  }
}
