import { type ChannelGroup, channelGroups } from '../channels/channel-groups.ts';
import { prepareForPruning } from '../channels/prepare-for-pruning.ts';
import { type Graph, nodeName } from '../graph/graph.ts';
import type { Executor } from '../runtime/executor.ts';

/** Layers that share channel sets. */
export interface GroupFacts {
  /** The name of the first layer. */
  readonly root: string;
  /** Channels of the first layer. */
  readonly channels: number;
  readonly members: readonly string[];
  /** Whether any channel can be removed. */
  readonly prunable: boolean;
  /** Why channels are pinned, if any are. */
  readonly reason?: string;
}

/** The groups of layers that share channels, and the reasons for pinned channels. */
export async function groupFacts(graph: Graph, executor: Executor): Promise<GroupFacts[]> {
  return channelGroups(await prepareForPruning(graph, executor)).groups.map(factsOf);
}

function factsOf({ root, layers, sets, reasons }: ChannelGroup): GroupFacts {
  const [reason] = reasons.values();
  return {
    root,
    channels: layers[0]!.count,
    members: layers.map(({ node }) => nodeName(node)),
    prunable: reasons.size < sets.length,
    ...(reason === undefined ? {} : { reason }),
  };
}
