import { type Graph, nodeLabel } from '../graph/graph.ts';
import { couple } from './coupling/index.ts';
import type { Found, Layer } from './coupling/scope.ts';

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
  readonly found: Found;
  readonly groups: readonly ChannelGroup[];
}

/** The groups of channels of a graph with inferred shapes, in graph order. */
export function channelGroups(graph: Graph): Coupling {
  const found = couple(graph);
  const { classes, layers } = found;
  const groupOf = new Map<number, number>();
  const parents: number[] = [];
  const find = (group: number): number => (parents[group] === group ? group : find(parents[group]!));
  layers.forEach(({ first, count }, index) => {
    parents[index] = index;
    for (let channel = first; channel < first + count; channel++) {
      const root = classes.find(channel);
      const other = groupOf.get(root);
      if (other === undefined) groupOf.set(root, index);
      else parents[find(index)] = find(other);
    }
  });
  const members = new Map<number, number[]>();
  for (const index of layers.keys()) members.set(find(index), [...(members.get(find(index)) ?? []), index]);
  return { found, groups: [...members.values()].map((indices) => groupOfLayers(found, indices)) };
}

function groupOfLayers({ classes, layers }: Found, indices: readonly number[]): ChannelGroup {
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
