import { pruneGradually } from './gradual/prune-gradually.ts';
import { type PruningJob, requireRetraining } from './iterative/job.ts';
import { type PrunedInSteps, pruneInSteps } from './iterative/steps.ts';

/** Prunes with the pace of a job: while the network trains, or in cuts with retraining between them. */
export function runPruning(job: PruningJob): Promise<PrunedInSteps> {
  const { pace } = job.settings;
  return pace === 'gradual' ? pruneGradually(requireRetraining(job)) : pruneInSteps(job, pace);
}
