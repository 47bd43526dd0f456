import type { ChannelGroup } from '../../channels/channel-groups.ts';
import { type Graph, nodeName } from '../../graph/graph.ts';
import { printableLine } from '../../printable.ts';

/** Layers that share channel sets, as `inspect --json` prints them. */
export interface GroupFacts {
  /** The first layer, by name. */
  readonly root: string;
  /** Of the first layer. */
  readonly channels: number;
  readonly members: readonly string[];
  /** Whether any channel may go. */
  readonly prunable: boolean;
  /** Why channels stay, where any do. */
  readonly reason?: string;
}

/** The groups of channels of a network, and why channels are pinned. */
export async function groupFacts(graph: Graph): Promise<GroupFacts[]> {
  const { onnxruntime } = await import('../../runtime/onnxruntime/index.ts');
  const { channelGroups } = await import('../../channels/channel-groups.ts');
  const { prepareForPruning } = await import('../../channels/prepare-for-pruning.ts');
  return channelGroups(await prepareForPruning(graph, onnxruntime)).groups.map(factsOf);
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

/** Reasons that are printed; `--json` has all. */
const MOST_REASONS = 8;

/** `12 of coupled layers; 2 cannot be pruned`, then why. */
export function groupsText(groups: readonly GroupFacts[]): string {
  const stay = groups.filter(({ prunable }) => !prunable);
  const lines = groups.flatMap(({ root, members, prunable, reason }) => {
    const others = members.length > 1 ? ` and ${members.length - 1} more` : '';
    return reason === undefined
      ? []
      : [`${root}${others} ${prunable ? 'is kept in part' : 'is kept'}: ${reason}`];
  });
  const more = lines.length > MOST_REASONS ? [`… and ${lines.length - MOST_REASONS} more: see --json`] : [];
  const head = `${groups.length} of coupled layers; ${stay.length} cannot be pruned`;
  return [head, ...lines.slice(0, MOST_REASONS).map(printableLine), ...more].join('\n            ');
}
