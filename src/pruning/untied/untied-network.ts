import type { Graph } from '../../graph/graph.ts';
import type { CostOptions } from '../../measure/macs.ts';
import { type CarriedChannel, carriedChannels } from '../../residual/carried-channels.ts';
import { convertResiduals } from '../../residual/convert-residuals.ts';
import { type UntiedNetwork, untieResiduals } from '../../residual/untie.ts';
import { foldBatchNormalization, mergeLinearPairs } from '../../rewrite/index.ts';
import type { Executor } from '../../runtime/executor.ts';
import { type PreparedNetwork, prepareChannels } from '../prepared-network.ts';

/** A network whose residual blocks are untied, prepared for pruning. */
export interface UntiedChannels extends Pick<UntiedNetwork, 'blocks' | 'refusals'> {
  readonly prepared: PreparedNetwork;
  readonly carried: readonly CarriedChannel[];
}

/** Unties the residual blocks of a network, and prepares its channels. */
export async function prepareUntied(
  network: Graph,
  executor: Executor,
  options: CostOptions,
): Promise<UntiedChannels> {
  const { graph, blocks, refusals } = untieResiduals(network);
  const prepared = await prepareChannels(graph, executor, options);
  return { prepared, blocks, refusals, carried: carriedChannels(prepared.coupling.found, blocks) };
}

/** Converts an untied network, possibly with channels removed, to a plain one: folds BatchNormalization, then converts blocks. */
export const plainNetwork = (untied: Graph, { blocks }: Pick<UntiedChannels, 'blocks'>): Graph =>
  convertResiduals(foldBatchNormalization(untied).graph, {
    only: (add) => blocks.some((block) => block.add === add),
  }).graph;

/** {@link plainNetwork}, with pairs of 1×1 layers, as between the blocks of MobileNetV2, merged where that is smaller. */
export const finishedNetwork = (untied: Graph, parts: Pick<UntiedChannels, 'blocks'>): Graph =>
  mergeLinearPairs(plainNetwork(untied, parts)).graph;

/** Whether a layer of an untied network only carries channels. */
export const carriesOnly =
  ({ blocks }: Pick<UntiedChannels, 'blocks'>) =>
  (layer: string): boolean =>
    blocks.some(({ reserve, merge }) => layer === reserve || layer === merge);
