import { type Graph, nodeLabel } from '../graph/graph.ts';
import { openClasses } from './coupling/channel-sets.ts';
import { couple } from './coupling/index.ts';
import type { ChannelCoupling, Layer } from './coupling/scope.ts';

/** Layers whose channels hang together, and the classes of channels that can only go as one. */
export interface ChannelGroup {
  /** The first layer of the group, by name. */
  readonly root: string;
  readonly layers: readonly Layer[];
  /** By the number that stands for each class, in the order of the first layer's filters. */
  readonly classes: readonly number[];
  /** Why a class stays; none where it may go. */
  readonly reasons: ReadonlyMap<number, string>;
}

export interface Coupling {
  readonly found: ChannelCoupling;
  readonly groups: readonly ChannelGroup[];
}

/** The groups of channels of a graph with inferred shapes, in graph order. */
export function channelGroups(graph: Graph): Coupling {
  const found = couple(graph);
  const { classes, layers } = found;
  const together = openClasses();
  const ownerOf = new Map<number, number>();
  together.grow(layers.length);
  layers.forEach(({ first, count }, index) => {
    for (let channel = first; channel < first + count; channel++) {
      const root = classes.find(channel);
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

function groupOfLayers({ classes, layers }: ChannelCoupling, indices: readonly number[]): ChannelGroup {
  const own = indices.map((index) => layers[index]!);
  const roots = new Set<number>();
  for (const { first, count } of own) {
    for (let channel = first; channel < first + count; channel++) roots.add(classes.find(channel));
  }
  const reasons = new Map(
    [...roots].flatMap((root) => {
      const reason = classes.reasonOf(root);
      return reason === null ? [] : [[root, reason] as const];
    }),
  );
  return { root: own[0]!.node.name || nodeLabel(own[0]!.node), layers: own, classes: [...roots], reasons };
}
