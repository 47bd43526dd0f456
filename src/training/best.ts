import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EspalierError } from '../errors.ts';
import { readCheckpoint } from './checkpoint.ts';

/** Where the state of the best epoch lies until a checkpoint says so. */
export const stagedBest = (directory: string): string => join(directory, 'best.staged.safetensors');

/**
 * Makes `best.safetensors` what the state of a run says is best: what was kept aside belongs to it where both name the same
 * result, and is of a future that is to be repeated where they do not.
 */
export function settleBest(directory: string, { best }: { readonly best: number | null }): void {
  const staged = stagedBest(directory);
  if (!existsSync(staged)) return;
  if (bestIn(staged) === best) renameSync(staged, join(directory, 'best.safetensors'));
  else rmSync(staged, { force: true });
}

/** The result of a state that was kept; null where it is broken. */
function bestIn(path: string): number | null {
  try {
    return readCheckpoint<{ readonly best: number | null }>(path).progress.best;
  } catch (cause) {
    if (cause instanceof EspalierError && cause.code === 'invalid-data') return null;
    throw cause;
  }
}
