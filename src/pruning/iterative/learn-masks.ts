import type { Graph } from '../../graph/graph.ts';
import { separateUniform } from '../../rewrite/index.ts';
import { train } from '../../training/train.ts';
import { channelMaskController, learnedScores } from '../channel-masks/controller.ts';
import { maskedLayers } from '../channel-masks/masked-layers.ts';
import { prepareChannels } from '../prepared-network.ts';
import type { PruningJob } from './job.ts';
import { stepRun } from './saved-start.ts';

/** A network that was trained with masks on its channels, multiplied in, and the scores that they became. */
interface LearnedMasks {
  readonly network: Graph;
  readonly learned: ReadonlyMap<string, readonly number[]>;
}

/** Learns the masks of channels before a cut, in a folder of its own, resumed where it was interrupted. */
export async function learnMasks(given: Graph, job: PruningJob, cut: number): Promise<LearnedMasks> {
  const { settings, retraining, executor } = job;
  const network = separateUniform(given);
  const layers = maskedLayers(await prepareChannels(network, executor));
  const { maskEpochs, maskStrength: strength, maskThreshold: threshold } = settings;
  const options = retraining!.options(maskEpochs);
  const { momentum = 0.9 } = options;
  const result = await train({
    ...options,
    ...stepRun(job, cut, 'masks'),
    network,
    controller: channelMaskController(layers, { strength, threshold, momentum }),
  });
  return { network: result.network, learned: learnedScores(layers, result.state) };
}
