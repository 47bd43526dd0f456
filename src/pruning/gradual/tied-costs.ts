import { cutChannels } from '../../channels/cut-channels.ts';
import type { Graph } from '../../graph/graph.ts';
import { costs as costsOf, type NetworkCost } from '../../measure/macs.ts';
import type { Timer } from '../../measure/timer.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import { type CostShare, costsOfSets } from '../ranking/cost-share.ts';
import { latencyParts } from '../ranking/search-latency.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import type { SetCosts } from './prunable-sets.ts';
import { savings } from './savings.ts';

/** The cost to reduce, and the cost by which scores are divided. */
export interface GradualCosting {
  readonly measure: PruningTarget['measure'];
  readonly per: CostShare;
  /** Needed for latency and milliseconds. */
  readonly timer?: Timer | undefined;
}

/**
 * The costs of the channel sets of a network, where sets are removed with all their channels. Latency is assumed to be
 * proportional to MACs; scores are divided by the MACs that a set saves in the remaining network.
 */
export async function tiedCosts(prepared: PreparedNetwork, costing: GradualCosting): Promise<SetCosts> {
  const { costs, size } = prepared;
  const { per, timer } = costing;
  const shared = per === 'macs' ? null : await costsOfSets(prepared, { per, timer });
  const finished = (removed: ReadonlySet<number>) => cutChannels(prepared, removed).graph;
  const basis: CostBasis = {
    ...{ prepared, finished },
    original: prepared,
    predicted: costs.without,
    measured: (removed) => costsOf(finished(removed), { size }),
  };
  return {
    ...costParts(basis, costing),
    saving: shared
      ? (set) => shared.get(set) ?? 0
      : savings({
          units: prepared.units,
          macs: (removed) => costs.without(removed).macs,
          along: () => [],
        }),
  };
}

/** What a network costs without some channel sets. */
export interface CostBasis {
  /** The network that the sets are of. */
  readonly prepared: PreparedNetwork;
  /** The network that costs are fractions of. */
  readonly original: PreparedNetwork;
  /** Costs without cutting anything. */
  predicted(removed: ReadonlySet<number>): NetworkCost;
  /** Costs once the sets are removed. */
  measured(removed: ReadonlySet<number>): NetworkCost;
  /** The network that is made in the end, without these sets. */
  finished(removed: ReadonlySet<number>): Graph;
}

/** The part of the original's cost that is left. */
export function costParts(
  { prepared, original, predicted, measured, finished }: CostBasis,
  { measure, timer }: Pick<GradualCosting, 'measure' | 'timer'>,
): Pick<SetCosts, 'predicted' | 'measured'> {
  if (measure === 'ratio') {
    const part = channelPart(prepared);
    return { predicted: part, measured: part };
  }
  const { whole } = original.costs;
  const counted = measure === 'latency' ? 'macs' : measure;
  const latencyOf = measure === 'latency' ? latencyParts(original, timer) : null;
  return {
    predicted: (removed) => predicted(removed)[counted] / whole[counted],
    measured: (removed) =>
      latencyOf ? latencyOf(finished(removed)) : measured(removed)[counted] / whole[counted],
  };
}

/** The remaining fraction of the removable channels. */
function channelPart({ units }: PreparedNetwork): SetCosts['predicted'] {
  const weightOf = new Map(
    units.flatMap(({ sets, reasons, channelsPerSet }) =>
      sets.filter((root) => !reasons.has(root)).map((root) => [root, channelsPerSet] as const),
    ),
  );
  const total = [...weightOf.values()].reduce((sum, weight) => sum + weight, 0);
  return (removed) => 1 - [...removed].reduce((sum, root) => sum + (weightOf.get(root) ?? 0), 0) / total;
}
