import { cutChannels } from '../../channels/cut-channels.ts';
import { costs as costsOf } from '../../measure/macs.ts';
import type { Timer } from '../../measure/timer.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import { type CostShare, costsOfSets } from '../ranking/cost-share.ts';
import { latencyParts } from '../ranking/search-latency.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import type { SetCosts } from './prunable-sets.ts';

/** What is saved, and what scores are divided by. */
export interface Costing {
  readonly measure: PruningTarget['measure'];
  readonly per: CostShare;
  /** Needed for latency and milliseconds. */
  readonly timer?: Timer | undefined;
}

/**
 * What the channel sets of a network cost; sets are removed with all their channels. A latency is predicted to follow the MACs; MACs
 * that scores are divided by are those that a set saves of what is left.
 */
export async function tiedCosts(prepared: PreparedNetwork, costing: Costing): Promise<SetCosts> {
  const { costs } = prepared;
  const { per, timer } = costing;
  const shared = per === 'macs' ? null : await costsOfSets(prepared, { per, timer });
  const macs = (removed: ReadonlySet<number>) => costs.without(removed).macs;
  return {
    ...parts(prepared, costing),
    saving: (set, removed) =>
      shared ? (shared.get(set) ?? 0) : macs(removed) - macs(new Set([...removed, set])),
  };
}

type Parts = Pick<SetCosts, 'predicted' | 'measured'>;

function parts(prepared: PreparedNetwork, { measure, timer }: Costing): Parts {
  if (measure === 'ratio') {
    const predicted = channelPart(prepared);
    return { predicted, measured: predicted };
  }
  const { costs, size } = prepared;
  const cut = (removed: ReadonlySet<number>) => cutChannels(prepared, removed).graph;
  const counted = measure === 'latency' ? 'macs' : measure;
  const latencyOf = measure === 'latency' ? latencyParts(prepared, timer) : null;
  return {
    predicted: (removed) => costs.without(removed)[counted] / costs.whole[counted],
    measured: (removed) =>
      latencyOf ? latencyOf(cut(removed)) : costsOf(cut(removed), { size })[counted] / costs.whole[counted],
  };
}

/** The part of the channels that may be removed that is left. */
function channelPart({ units }: PreparedNetwork): SetCosts['predicted'] {
  const weightOf = new Map(
    units.flatMap(({ sets, reasons, channelsPerSet }) =>
      sets.filter((root) => !reasons.has(root)).map((root) => [root, channelsPerSet] as const),
    ),
  );
  const total = [...weightOf.values()].reduce((sum, weight) => sum + weight, 0);
  return (removed) => 1 - [...removed].reduce((sum, root) => sum + (weightOf.get(root) ?? 0), 0) / total;
}
