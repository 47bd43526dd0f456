import { proxy, type Remote } from 'comlink';
import type { Progress } from '../engine/types.ts';
import type { ReportProgress, StudioApi } from '../worker/api.ts';
import { failure, runningJob } from './state.ts';
import { callWorker } from './worker-client.ts';

/** A call of the worker with the number of its job and a callback for its progress. */
export type WorkerJob<T> = (api: Remote<StudioApi>, job: number, report: ReportProgress) => Promise<T>;

let lastJob = 0;

/**
 * Runs an operation of the worker with its progress on the page. Returns its result; null if it was cancelled or has failed,
 * in which case the page shows the message.
 */
export async function runJob<T>(label: string, run: WorkerJob<T>): Promise<T | null> {
  const job = ++lastJob;
  let cancelled = false;
  let ended = false;
  const cancel = () => {
    cancelled = true;
    show({ label: 'Cancelling', done: 0, total: 0, secondsLeft: null });
    void callWorker((api) => api.cancel(job));
  };
  const show = (progress: Progress) => {
    if (job === lastJob && !ended) runningJob.value = { ...progress, cancel };
  };
  failure.value = null;
  show({ label, done: 0, total: 0, secondsLeft: null });
  try {
    return await callWorker((api) => run(api, job, proxy(show)));
  } catch (error) {
    if (!cancelled) failure.value = messageOf(error);
    return null;
  } finally {
    ended = true;
    if (job === lastJob) runningJob.value = null;
  }
}

/** The message of an error, as on the command line. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
