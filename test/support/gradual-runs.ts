import type { Graph } from '../../src/graph/graph.ts';
import { type GradualOptions, gradualController } from '../../src/pruning/gradual/controller.ts';
import { tiedCosts } from '../../src/pruning/gradual/tied-costs.ts';
import { tiedSets } from '../../src/pruning/gradual/tied-sets.ts';
import { prepareChannels } from '../../src/pruning/prepared-network.ts';
import { setCounts } from '../../src/pruning/ranking/units.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import type { TrainOptions } from '../../src/training/options.ts';
import { train } from '../../src/training/train.ts';
import { trainingOptions } from './training-options.ts';

/** Four tenths of the MACs of a network, maskings from step 2 to step 7 of its 12. */
export async function gradually(network: Graph, changes: Partial<GradualOptions> = {}) {
  const prepared = await prepareChannels(network, onnxruntime);
  const sets = tiedSets(prepared, prepared.graph.outputs);
  const controller = gradualController({
    sets,
    costs: await tiedCosts(prepared, { measure: 'macs', per: 'macs' }),
    part: 0.4,
    every: 1,
    until: 0.6,
    rules: { scope: 'global', round: 1, floor: 0.1, layerRatios: [], original: setCounts(sets.units) },
    metric: 'macsKept',
    ...changes,
  });
  return { prepared, sets, controller, network: prepared.graph };
}

/** Trains 3 epochs of 4 steps with a controller of {@link gradually}. */
export async function trainedGradually(
  network: Graph,
  training: Partial<TrainOptions> = {},
  changes: Partial<GradualOptions> = {},
) {
  const run = await gradually(network, changes);
  const result = await train(trainingOptions(run.network, { ...training, controller: run.controller }));
  return { ...run, result };
}
