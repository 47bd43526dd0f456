import { pruneTables } from '../engine/prune/choice.ts';
import { planPruning } from '../engine/prune/plan.ts';
import { prune } from '../engine/prune/prune.ts';
import { summaryOf } from '../engine/session.ts';
import type { StudioApi } from './api.ts';
import { jobs } from './jobs.ts';
import { openedSession, sessionImages } from './session.ts';

/** Plans pruning, and prunes. */
export const pruning: Pick<StudioApi, 'pruneTables' | 'planPruning' | 'prune'> = {
  pruneTables: async () => pruneTables(),
  planPruning: async (choice) => {
    const { current: version, tools } = openedSession();
    return planPruning({ version, images: sessionImages(), executor: tools.executor }, choice);
  },
  prune: (choice, job, report) =>
    jobs.run(job, report, async (control) => {
      const session = openedSession();
      await prune(session, choice, { images: sessionImages(), control });
      return summaryOf(session);
    }),
};
