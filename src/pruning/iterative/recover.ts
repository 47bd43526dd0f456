import { recalibrate } from '../../calibration/recalibrate.ts';
import type { Graph } from '../../graph/graph.ts';
import { isQuantized } from '../../quantization/operators.ts';
import { adoptStatistics } from '../recovery/adopt-statistics.ts';
import { reconstruct } from '../recovery/reconstruct.ts';
import type { Cut } from './cut.ts';
import type { ImageJob, PruningJob } from './job.ts';
import type { Recovery } from './settings.ts';

/** The recoveries after a cut; none without images, and for integer weights. */
export function recoveriesOf({ settings, data, retraining, original }: PruningJob): readonly Recovery[] {
  if (!data || original.network.nodes.some(isQuantized)) return [];
  const byLabels = retraining !== null && !retraining.distillation;
  return settings.recover ?? (byLabels ? ['recalibrate'] : ['recalibrate', 'reconstruct']);
}

/**
 * Recovers a cut network on the calibration images of a job. Reconstruction returns networks with zeroed pieces unchanged: they have
 * no removed channels.
 */
export async function recoverNetwork(
  network: Graph,
  { executor, data, retraining }: ImageJob,
  { recovery, cut }: { readonly recovery: Recovery; readonly cut: Cut },
): Promise<Graph> {
  const { calibration } = data;
  if (recovery === 'recalibrate') return recalibrate(network, { calibration, executor });
  if (!cut.reconstruction) return network;
  const { original, keptFilters } = cut.reconstruction;
  const { graph } = await reconstruct({ original, pruned: network, keptFilters, calibration, executor });
  return retraining ? adoptStatistics(graph, { calibration, executor }) : graph;
}
