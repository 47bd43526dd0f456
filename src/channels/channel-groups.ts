import { type Graph, nodeTitle } from '../graph/graph.ts';
import { openChannelSets } from './coupling/channel-sets.ts';
import { couple } from './coupling/index.ts';
import type { ChannelCoupling, CoupledLayer } from './coupling/scope.ts';

/** A group of layers that share channel sets. */
export interface ChannelGroup {
  /** The name of the group's first layer. */
  readonly root: string;
  readonly layers: readonly CoupledLayer[];
  /** The root label of each channel set, in the order of the first layer's filters. */
  readonly sets: readonly number[];
  /** Why a channel set cannot be removed, by its root label; removable sets have no entry. */
  readonly reasons: ReadonlyMap<number, string>;
}

/** The coupling of the channels of a graph, and its groups of layers. */
export interface Coupling {
  readonly found: ChannelCoupling;
  readonly groups: readonly ChannelGroup[];
}

/**
 * Finds the channel groups of a graph with inferred shapes, in graph order.
 *
 * @example
 * const { graph } = canonicalForm(network);
 * inferShapes(graph);
 * for (const { layers, sets } of channelGroups(graph).groups)
 *   console.log(layers.map(({ node }) => node.name).join(', '), sets.length);
 */
export function channelGroups(graph: Graph): Coupling {
  const found = couple(graph);
  const { sets, layers } = found;
  const together = openChannelSets();
  const ownerOf = new Map<number, number>();
  together.grow(layers.length);
  layers.forEach(({ first, count }, index) => {
    for (let channel = first; channel < first + count; channel++) {
      const root = sets.find(channel);
      together.join(index, ownerOf.get(root) ?? index);
      ownerOf.set(root, index);
    }
  });
  const members = new Map<number, number[]>();
  for (const index of layers.keys()) {
    const group = together.find(index);
    const known = members.get(group);
    if (known) known.push(index);
    else members.set(group, [index]);
  }
  return { found, groups: [...members.values()].map((indices) => groupOfLayers(found, indices)) };
}

function groupOfLayers({ sets, layers }: ChannelCoupling, indices: readonly number[]): ChannelGroup {
  const own = indices.map((index) => layers[index]!);
  const roots = new Set<number>();
  for (const { first, count } of own) {
    for (let channel = first; channel < first + count; channel++) roots.add(sets.find(channel));
  }
  const reasons = new Map(
    [...roots].flatMap((root) => {
      const reason = sets.reasonOf(root);
      return reason === null ? [] : [[root, reason] as const];
    }),
  );
  return { root: nodeTitle(own[0]!.node), layers: own, sets: [...roots], reasons };
}
