import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Graph } from '../../graph/graph.ts';
import type { Context } from '../command.ts';
import { trainOptions } from '../training/session.ts';
import { retraining } from './flags.ts';
import type { PruneJob } from './job.ts';
import { stepFolder } from './saved-cut.ts';

interface Learning {
  readonly job: PruneJob;
  readonly context: Context;
  /** Which cut it is for, from 0. */
  readonly index: number;
}

/** A network that was trained with masks on its channels, multiplied in, and what they came to. */
interface LearnedMasks {
  readonly network: Graph;
  readonly learned: ReadonlyMap<string, readonly number[]>;
}

/** Learns the masks of channels before a cut, in a folder of the step's own: gone on with where it was interrupted. */
export async function learnMasks(given: Graph, { job, context, index }: Learning): Promise<LearnedMasks> {
  const { channelGroups } = await import('../../channels/channel-groups.ts');
  const { channelMaskController, learnedScores } = await import('../../pruning/channel-masks/controller.ts');
  const { maskedLayers } = await import('../../pruning/channel-masks/masked-layers.ts');
  const { prepareForPruning } = await import('../../channels/prepare-for-pruning.ts');
  const { pruningUnits } = await import('../../pruning/ranking/units.ts');
  const { train } = await import('../../training/train.ts');
  const { createRunDirectory, openRunDirectory } = await import('../../training/run-directory.ts');
  const { separateUniform } = await import('../../rewrite/index.ts');
  const { settings, session, executor } = job;
  const network = separateUniform(given);
  const prepared = await prepareForPruning(network, executor);
  const coupling = channelGroups(prepared);
  const layers = maskedLayers(prepared, coupling, pruningUnits(coupling));
  const {
    maskEpochs = 1,
    maskStrength: strength = 0.005,
    maskThreshold: threshold = 0.01,
    momentum,
  } = settings;
  const path = join(stepFolder(job, index), 'masks');
  const exists = existsSync(join(path, 'recipe.json'));
  const run = exists ? openRunDirectory(path) : createRunDirectory(path, job.run!.recipe);
  const result = await train({
    ...trainOptions({ ...session!, network, run }, retraining(settings, maskEpochs), context),
    resume: exists,
    controller: channelMaskController(layers, { strength, threshold, momentum }),
  });
  return { network: result.network, learned: learnedScores(layers, result.state) };
}
