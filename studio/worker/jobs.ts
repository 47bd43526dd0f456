import type { Control } from '../engine/types.ts';
import type { ReportProgress } from './api.ts';

/** Long operations by number, so that the page can cancel them. */
export interface Jobs {
  run<T>(job: number, report: ReportProgress, operation: (control: Control) => Promise<T>): Promise<T>;
  cancel(job: number): void;
}

export function openJobs(): Jobs {
  const running = new Map<number, AbortController>();
  return {
    async run(job, report, operation) {
      const controller = new AbortController();
      running.set(job, controller);
      try {
        return await operation({ signal: controller.signal, progress: report });
      } finally {
        running.delete(job);
      }
    },
    cancel: (job) => running.get(job)?.abort(),
  };
}
