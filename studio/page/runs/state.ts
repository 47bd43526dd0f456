import { computed, signal } from '@preact/signals';
import type { RunDetails, RunSummary } from '../../../src/studio/types.ts';
import { messageOf } from '../jobs.ts';
import { failure } from '../state.ts';
import { askServer } from './server.ts';

/** The folder of the runs; null before the server has answered, `none` if the page is not served with a folder. */
export const folder = signal<{ readonly path: string } | 'none' | null>(null);

export const runs = signal<readonly RunSummary[]>([]);

/** The ids of the runs that are shown below the list, in the order in which they were chosen. */
export const chosen = signal<readonly string[]>([]);

/** The records of the chosen runs. */
export const details = signal<ReadonlyMap<string, RunDetails>>(new Map());

/** Whether the list follows the folder. */
export const connected = signal(true);

/** The token as typed. */
export const token = signal('');

/** The chosen runs that still exist. */
export const chosenRuns = computed(() =>
  chosen.value.flatMap((id) => runs.value.find((run) => run.id === id) ?? []),
);

/** Shows a run below the list in place of others, or adds or removes it. */
export function choose(id: string, how: 'alone' | 'add' | 'remove'): void {
  if (how === 'alone') chosen.value = [id];
  else if (how === 'add') chosen.value = [...chosen.value, id];
  else chosen.value = chosen.value.filter((other) => other !== id);
}

/** Asks the server which folder it has; servers of plain files have none. */
export async function findFolder(): Promise<void> {
  const found = await askServer<{ folder: string | null; runs: readonly RunSummary[] }>('api/runs').catch(
    () => ({ folder: null, runs: [] }),
  );
  runs.value = found.runs;
  folder.value = found.folder === null ? 'none' : { path: found.folder };
}

/** Follows the list, and the records of some runs. Returns how to end it. */
export function follow(ids: readonly string[]): () => void {
  const query = new URLSearchParams(ids.map((id) => ['id', id]));
  const source = new EventSource(`api/live?${query}`);
  const on = <T>(event: string, take: (data: T) => void) =>
    source.addEventListener(event, ({ data }: MessageEvent<string>) => {
      connected.value = true;
      take(JSON.parse(data));
    });
  on<readonly RunSummary[]>('runs', (list) => {
    runs.value = list;
  });
  on<RunDetails>('run', (found) => {
    details.value = new Map([...details.value].filter(([id]) => ids.includes(id))).set(found.id, found);
  });
  source.addEventListener('error', () => {
    connected.value = false;
  });
  return () => source.close();
}

/** Starts, stops or resumes a run with the token. Returns its id; null if the page shows why not. */
export async function change(path: 'start' | 'stop' | 'resume', body: unknown): Promise<string | null> {
  failure.value = null;
  try {
    return (await askServer<{ id: string }>(`api/${path}`, { body, token: token.value.trim() })).id;
  } catch (error) {
    failure.value = messageOf(error);
    return null;
  }
}
