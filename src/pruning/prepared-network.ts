import { type Coupling, channelGroups } from '../channels/channel-groups.ts';
import { prepareForPruning } from '../channels/prepare-for-pruning.ts';
import type { Graph } from '../graph/graph.ts';
import type { ImageSize } from '../measure/image-size.ts';
import type { CostOptions } from '../measure/macs.ts';
import type { Executor } from '../runtime/executor.ts';
import { type CostModel, costModel } from './ranking/cost-model.ts';
import { type PruningUnit, pruningUnits } from './ranking/units.ts';

/** A network with all that ranking and cutting ask about it: made once for each network, and passed on. */
export interface PreparedNetwork {
  /** The network that was prepared. */
  readonly network: Graph;
  /** Its copy that can be cut: constants folded, shapes known. */
  readonly graph: Graph;
  /** Of the channels of `graph`. */
  readonly coupling: Coupling;
  readonly units: readonly PruningUnit[];
  readonly costs: CostModel;
  /** Height and width that it is measured at, where it leaves them open. */
  readonly size?: ImageSize | undefined;
}

/**
 * Prepares a network for pruning its channels: finds which channels can only be removed together, and what they cost. A
 * network that is prepared is returned as it is.
 *
 * @example
 * const { units, costs } = await prepareChannels(network, onnxruntime);
 * console.log(units.length, costs.whole.macs);
 */
export async function prepareChannels(
  network: Graph | PreparedNetwork,
  executor: Executor,
  { size }: CostOptions = {},
): Promise<PreparedNetwork> {
  if ('coupling' in network) return network;
  const graph = await prepareForPruning(network, executor);
  const coupling = channelGroups(graph);
  const costs = costModel(graph, coupling.found, { size });
  return { network, graph, coupling, units: pruningUnits(coupling), costs, size };
}
