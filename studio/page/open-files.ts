import { batch } from '@preact/signals';
import type { DroppedFile, Opened } from '../worker/api.ts';
import { runJob } from './jobs.ts';
import { imageSize, lastFiles, opened, openings, shownView } from './state.ts';

/** Opens dropped or chosen files in place of what is open; if that fails, what is open stays open. */
export async function openFiles(files: readonly DroppedFile[]): Promise<void> {
  lastFiles.value = files;
  const size = imageSize.value ?? undefined;
  const now = await runJob<Opened>('Opening', (api, job, report) => api.open(files, { size }, job, report));
  if (!now) return;
  batch(() => {
    opened.value = now;
    openings.value++;
    shownView.value = 'look';
  });
}
