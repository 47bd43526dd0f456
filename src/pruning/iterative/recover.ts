import type { Graph } from '../../graph/graph.ts';
import { isQuantized } from '../../quantization/operators.ts';
import { adoptStatistics } from '../recovery/adopt-statistics.ts';
import { statisticsReference } from '../recovery/match-statistics.ts';
import { reconstruct } from '../recovery/reconstruct.ts';
import type { NewCut } from './cut.ts';
import type { ImageJob, PruningJob } from './job.ts';
import type { Recovery } from './settings.ts';

/** The recoveries after a cut; none without images, and for integer weights. */
export function recoveriesOf({ settings, data, retraining, original }: PruningJob): readonly Recovery[] {
  if (!data || original.network.nodes.some(isQuantized)) return [];
  const byLabels = retraining !== null && !retraining.distillation;
  return settings.recover ?? (byLabels ? ['recalibrate'] : ['recalibrate', 'reconstruct']);
}

/**
 * Recovers a cut network on the calibration images of a job. Reconstruction starts from the cut again, whose statistics are those
 * of the original. It returns networks with zeroed pieces unchanged: they have no removed channels.
 */
export async function recoverNetwork(
  network: Graph,
  { executor, data, retraining }: ImageJob,
  { recovery, cut }: { readonly recovery: Recovery; readonly cut: NewCut },
): Promise<Graph> {
  const { original, keptFilters, keptPlaces } = cut;
  const context = { calibration: data.calibration, executor };
  if (recovery === 'recalibrate')
    return (await statisticsReference(original, context)).match(network, keptPlaces);
  if (cut.masks) return network;
  const { graph } = await reconstruct({ original, pruned: cut.network, keptFilters, ...context });
  return retraining ? adoptStatistics(graph, context) : graph;
}
