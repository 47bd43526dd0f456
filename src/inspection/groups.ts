import type { ChannelGroup, Coupling } from '../channels/channel-groups.ts';
import { nodeName } from '../graph/graph.ts';

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
export const groupFacts = ({ groups }: Coupling): GroupFacts[] => groups.map(factsOf);

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
