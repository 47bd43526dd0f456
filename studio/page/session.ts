import { computed } from '@preact/signals';
import type { SessionSummary, VersionSummary } from '../engine/types.ts';
import { runJob, type WorkerJob } from './jobs.ts';
import { opened } from './state.ts';

/** The open network; null if none is open. */
export const session = computed<SessionSummary | null>(() =>
  opened.value?.kind === 'network' ? opened.value.session : null,
);

/** Runs an operation that makes a version; the page then shows the session with it. */
export async function runStep(label: string, run: WorkerJob<SessionSummary>): Promise<void> {
  const now = await runJob(label, run);
  if (now) opened.value = { kind: 'network', session: now };
}

/** The current version of a session. */
export const currentVersion = ({ versions, current }: SessionSummary): VersionSummary =>
  versions.find(({ id }) => id === current)!;
