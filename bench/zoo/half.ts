import { cutChannels } from '../../src/channels/cut-channels.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { costs } from '../../src/measure/macs.ts';
import { prepareChannels } from '../../src/pruning/prepared-network.ts';
import { planChannels } from '../../src/pruning/prune-channels.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import type { Pruned } from './row.ts';

/** MACs left at `prune --macs 0.5` with the defaults of the command, counted in the network that is cut. */
export async function halved(network: Graph): Promise<Pick<Pruned, 'macsAtHalf' | 'planMs'>> {
  const started = performance.now();
  const prepared = await prepareChannels(network, onnxruntime);
  const plan = await planChannels(prepared, {
    target: { measure: 'macs', fraction: 0.5 },
    executor: onnxruntime,
    criterion: 'l1-norm',
    side: 'filters',
    normalize: 'mean',
    reduce: 'mean',
    scope: 'local',
    round: 8,
    floor: 0.1,
    layerRatios: [],
    seed: 0,
    calibration: null,
  });
  const planMs = performance.now() - started;
  const half = cutChannels(prepared, plan.removed).graph;
  return { macsAtHalf: costs(half).macs / prepared.costs.whole.macs, planMs };
}
