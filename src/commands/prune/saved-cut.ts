import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Graph } from '../../graph/graph.ts';
import type { Cut } from './cut.ts';
import type { PruneJob } from './job.ts';
import type { Stage } from './stages.ts';

/** What a step starts its training from, and how it came about. */
export interface StartedStep {
  readonly network: Graph;
  readonly cut: Cut;
  readonly stages: readonly Stage[];
}

/** What `cut.json` holds. */
type SavedCut = Pick<Cut, 'units' | 'met' | 'error'> & Pick<StartedStep, 'stages'>;

/** The folder of a step within that of its run, with its checkpoints; index from 0. */
export const stepFolder = (job: PruneJob, index: number): string => join(job.run!.path, `step-${index + 1}`);

/**
 * Keeps what training starts from: a target in measured latency would be met otherwise another time. Smaller pieces are
 * chosen alike whenever they are, and need no keeping.
 */
export async function saveStart(
  job: PruneJob,
  index: number,
  { network, cut, stages }: StartedStep,
): Promise<void> {
  if (cut.masks) return;
  const { writeModelFile } = await import('../../onnx/model-file.ts');
  const { writeFileAtomically } = await import('../../files.ts');
  const folder = stepFolder(job, index);
  mkdirSync(folder, { recursive: true });
  writeModelFile(network, join(folder, 'start.onnx'));
  const { units, met, error } = cut;
  writeFileAtomically(join(folder, 'cut.json'), [JSON.stringify({ units, met, error, stages })]);
}

/** What was kept of a step before the run was interrupted; null where nothing was. */
export async function savedStart(job: PruneJob, index: number): Promise<StartedStep | null> {
  if (!job.session || !job.run || !existsSync(join(stepFolder(job, index), 'cut.json'))) return null;
  const { readModelFile } = await import('../../onnx/model-file.ts');
  const { readJson } = await import('../../files.ts');
  const { inputFeedsOf, knownFeeds, withInputFeeds } = await import('../../graph/inputs/input-feeds.ts');
  const folder = stepFolder(job, index);
  const { units, met, error, stages } = readJson(join(folder, 'cut.json')) as SavedCut;
  const kept = readModelFile(join(folder, 'start.onnx'));
  const network = withInputFeeds(kept, knownFeeds(kept, inputFeedsOf(job.network)));
  const cut = { network, controller: null, masks: null, units, met, error, reconstruction: null };
  return { network, cut, stages };
}
