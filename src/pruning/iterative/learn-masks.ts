import type { Graph } from '../../graph/graph.ts';
import { separateUniform } from '../../rewrite/index.ts';
import { train } from '../../training/train.ts';
import { channelMaskController, learnedScores } from '../channel-masks/controller.ts';
import { maskedLayers } from '../channel-masks/masked-layers.ts';
import { prepareChannels } from '../prepared-network.ts';
import type { RetrainingJob } from './job.ts';
import { stepRun } from './saved-start.ts';

/** A network trained with channel masks, which are multiplied in, and the masks as scores. */
interface LearnedMasks {
  readonly network: Graph;
  readonly learned: ReadonlyMap<string, readonly number[]>;
}

/** Learns channel masks before a cut, in a run directory of its own, which is resumed after an interruption. */
export async function learnMasks(given: Graph, job: RetrainingJob, cut: number): Promise<LearnedMasks> {
  const { settings, retraining, executor } = job;
  const network = separateUniform(given);
  const layers = maskedLayers(await prepareChannels(network, executor));
  const { maskEpochs, maskStrength: strength, maskThreshold: threshold } = settings;
  const options = retraining.options(maskEpochs);
  const { momentum = 0.9 } = options;
  const result = await train({
    ...{ ...options, ema: undefined, stopAfter: undefined },
    ...stepRun(job, cut, 'masks'),
    network,
    controller: channelMaskController(layers, { strength, threshold, momentum }),
  });
  return { network: result.network, learned: learnedScores(layers, result.state) };
}
