import type { Graph } from '../../graph/graph.ts';
import { costs, type NetworkCost } from '../../measure/macs.ts';
import { type CarriedChannel, isStray } from '../../residual/carried-channels.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { PrunableSets, SetCosts } from '../gradual/prunable-sets.ts';
import { savings } from '../gradual/savings.ts';
import { costParts, type GradualCosting } from '../gradual/tied-costs.ts';
import type { CarriedCost } from '../iterative/settings.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import { costModel } from '../ranking/cost-model.ts';
import { costsOfSets } from '../ranking/cost-share.ts';
import { plainCosts } from './plain-costs.ts';
import { carriesOnly, finishedNetwork, type UntiedChannels } from './untied-network.ts';

export interface UntiedCosting extends GradualCosting {
  readonly sets: PrunableSets;
  readonly carried: CarriedCost;
  /** The network with its ties: costs are fractions of its costs. */
  readonly original: PreparedNetwork;
  readonly executor: Executor;
}

type Removed = ReadonlySet<number>;

/** What the channel sets of an untied network cost; what a set saves includes the carried channels that are removed with it. */
export async function untiedCosts(untied: UntiedChannels, costing: UntiedCosting): Promise<SetCosts> {
  const { prepared } = untied;
  const { per, timer, original, sets } = costing;
  const finished = (removed: Removed) => finishedNetwork(sets.without(removed).network, untied);
  const { predicted, measured } = await countings[costing.carried](untied, { ...costing, finished });
  const shared = per === 'macs' ? null : await costsOfSets(prepared, { per, timer });
  return {
    ...costParts({ prepared, original, predicted, measured, finished }, costing),
    saving: shared
      ? (set) => shared.get(set) ?? 0
      : savings({
          units: prepared.units,
          macs: (removed) => predicted(removed).macs,
          along: straysOf(untied.carried),
        }),
  };
}

interface Counting {
  predicted(removed: Removed): NetworkCost;
  measured(removed: Removed): NetworkCost;
}

interface CountingScope extends Pick<UntiedCosting, 'executor'> {
  finished(removed: Removed): Graph;
}

const countings: Readonly<
  Record<CarriedCost, (untied: UntiedChannels, scope: CountingScope) => Promise<Counting>>
> = {
  async macs(untied, { executor, finished }) {
    const { size } = untied.prepared;
    const { without } = await plainCosts(untied, executor);
    return { predicted: without, measured: (removed) => costs(finished(removed), { size }) };
  },
  async free(untied) {
    const { graph, coupling, size } = untied.prepared;
    const isFree = carriesOnly(untied);
    const { without } = costModel(graph, coupling.found, { size, counts: (layer) => !isFree(layer) });
    return { predicted: without, measured: without };
  },
};

/** The carried channels that lose their input or their outputs with a set. */
function straysOf(carried: readonly CarriedChannel[]): (set: number, removed: Removed) => number[] {
  const beside = new Map<number, CarriedChannel[]>();
  for (const channel of carried)
    for (const set of [channel.input, ...channel.outputs])
      if (set !== null) beside.set(set, [...(beside.get(set) ?? []), channel]);
  return (set, removed) => {
    const left = (beside.get(set) ?? []).filter((channel) => !removed.has(channel.set));
    const isGone = (other: number) => other === set || removed.has(other);
    return left.filter((channel) => isStray(channel, isGone)).map((channel) => channel.set);
  };
}
