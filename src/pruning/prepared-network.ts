import { type Coupling, channelGroups } from '../channels/channel-groups.ts';
import { prepareForPruning } from '../channels/prepare-for-pruning.ts';
import type { Graph } from '../graph/graph.ts';
import type { ImageSize } from '../measure/image-size.ts';
import type { CostOptions } from '../measure/macs.ts';
import type { Executor } from '../runtime/executor.ts';
import { type CostModel, costModel } from './ranking/cost-model.ts';
import { type PruningUnit, pruningUnits } from './ranking/units.ts';

/** A network with everything that ranking and cutting need: computed once per network and passed on. */
export interface PreparedNetwork {
  /** The given network. */
  readonly network: Graph;
  /** A copy with folded constants and known shapes, which can be cut. */
  readonly graph: Graph;
  /** The coupling of the channels of `graph`. */
  readonly coupling: Coupling;
  readonly units: readonly PruningUnit[];
  readonly costs: CostModel;
  /** Height and width for costs, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
}

/**
 * Prepares a network for channel pruning: finds which channels can only be removed together, and their costs. A prepared
 * network is returned unchanged.
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
