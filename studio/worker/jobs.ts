import type { Control } from '../engine/types.ts';
import type { ReportProgress } from './api.ts';

const running = new Map<number, AbortController>();

/** Long operations by number, so that the page can cancel them. */
export const jobs = {
  async run<T>(job: number, report: ReportProgress, operation: (control: Control) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    running.set(job, controller);
    try {
      return await operation({ signal: controller.signal, progress: report });
    } finally {
      running.delete(job);
    }
  },
  cancel(job: number): void {
    running.get(job)?.abort();
  },
};
