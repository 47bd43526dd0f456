import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeFileAtomically } from '../../files.ts';
import type { Graph } from '../../graph/graph.ts';
import { inputFeedsOf, knownFeeds, withInputFeeds } from '../../graph/inputs/input-feeds.ts';
import { readModelFile, writeModelFile } from '../../onnx/model-file.ts';
import type { TrainOptions } from '../../training/options.ts';
import { createRunDirectory, openRunDirectory } from '../../training/run-directory.ts';
import type { Cut } from './cut.ts';
import type { PruningJob } from './job.ts';
import type { PruningStage } from './stages.ts';

/** The network with which retraining of a step starts, and the cut that produced it. */
export interface StartedStep {
  readonly network: Graph;
  readonly cut: Cut;
  readonly stages: readonly PruningStage[];
}

/** The contents of `cut.json`. */
type SavedCut = Pick<Cut, 'units' | 'met' | 'error'> & Pick<StartedStep, 'stages'>;

/** The folder of a step, by its index, in the folder of the run. */
const stepFolder = (run: string, index: number): string => join(run, `step-${index + 1}`);

/**
 * The run directory in which a step trains: a folder in that of the run, which is resumed if it exists; none without a run.
 */
export function stepRun({ run }: PruningJob, index: number, name = ''): Pick<TrainOptions, 'run' | 'resume'> {
  if (!run) return { run: null, resume: false };
  const path = join(stepFolder(run.path, index), name);
  const resume = existsSync(join(path, 'recipe.json'));
  const own = resume ? openRunDirectory(path) : createRunDirectory(path, run.recipe);
  return { run: { ...own, whole: run.path }, resume };
}

/**
 * Saves the network with which retraining starts, since another measurement of latency could lead to a different cut. Smaller
 * pieces are not saved: they are always chosen equally.
 */
export function saveStart({ run }: PruningJob, index: number, { network, cut, stages }: StartedStep): void {
  if (cut.masks || !run) return;
  const folder = stepFolder(run.path, index);
  mkdirSync(folder, { recursive: true });
  writeModelFile(network, join(folder, 'start.onnx'));
  const { units, met, error } = cut;
  writeFileAtomically(join(folder, 'cut.json'), [JSON.stringify({ units, met, error, stages })]);
}

/** The saved start of an interrupted step; null if there is none. */
export function savedStart({ retraining, run, original }: PruningJob, index: number): StartedStep | null {
  if (!retraining || !run || !existsSync(join(stepFolder(run.path, index), 'cut.json'))) return null;
  const folder = stepFolder(run.path, index);
  const { units, met, error, stages } = readJson(join(folder, 'cut.json')) as SavedCut;
  const kept = readModelFile(join(folder, 'start.onnx'));
  const network = withInputFeeds(kept, knownFeeds(kept, inputFeedsOf(original.network)));
  const cut = { network, controller: null, masks: null, units, met, error };
  return { network, cut, stages };
}
