import type { ChannelGroup, Coupling } from '../../channels/channel-groups.ts';
import type { CoupledLayer } from '../../channels/coupling/scope.ts';
import { nodeTitle } from '../../graph/graph.ts';

/**
 * Channel sets with channels in the same layers of a group, which are ranked and rounded together. A shortcut that is padded
 * with zero channels divides a group into several units, each as wide as the channels that a stage adds.
 */
export interface PruningUnit {
  /** The names of its layers; does not change when channels are removed. */
  readonly name: string;
  readonly layers: readonly CoupledLayer[];
  /** Root labels of its channel sets, in the order of the first layer's filters. */
  readonly sets: readonly number[];
  /** Why a channel set cannot be removed, by its root label; removable sets have no entry. */
  readonly reasons: ReadonlyMap<number, string>;
  /** Number of channels of its narrowest layer per channel set. */
  readonly channelsPerSet: number;
  /** Whether the network needs none of its channels, so that all may be removed. Default false. */
  readonly isOptional?: boolean;
}

/** The units of all groups, in graph order. */
export const pruningUnits = (coupling: Coupling): PruningUnit[] =>
  coupling.groups.flatMap((group) => unitsOf(coupling, group));

/** The number of channel sets of each unit, by its name. */
export const setCounts = (units: readonly PruningUnit[]): Map<string, number> =>
  new Map(units.map(({ name, sets }) => [name, sets.length]));

function unitsOf({ found }: Coupling, { layers, reasons }: ChannelGroup): PruningUnit[] {
  const standing = new Map<number, CoupledLayer[]>();
  for (const layer of layers) {
    for (let channel = layer.first; channel < layer.first + layer.count; channel++) {
      const root = found.sets.find(channel);
      const known = standing.get(root);
      if (!known) standing.set(root, [layer]);
      else if (known.at(-1) !== layer) known.push(layer);
    }
  }
  const byLayers = new Map<string, number[]>();
  for (const [root, own] of standing) {
    const key = own.map(({ first }) => first).join();
    const sets = byLayers.get(key);
    if (sets) sets.push(root);
    else byLayers.set(key, [root]);
  }
  return [...byLayers.values()].map((sets) => {
    const own = standing.get(sets[0]!)!;
    const held = new Map(
      sets.flatMap((root) => (reasons.has(root) ? [[root, reasons.get(root)!] as const] : [])),
    );
    const channelsPerSet = Math.min(
      ...own.map((layer) => channelsIn(layer, new Set(sets), found.sets.find) / sets.length),
    );
    return {
      name: own.map(layerTitle).join('+'),
      layers: own,
      sets,
      reasons: held,
      channelsPerSet: Math.max(1, Math.round(channelsPerSet)),
    };
  });
}

/** The name of a layer's node, or a description if it has none. */
export const layerTitle = ({ node }: CoupledLayer): string => nodeTitle(node);

function channelsIn(
  { first, count }: CoupledLayer,
  sets: ReadonlySet<number>,
  find: (c: number) => number,
): number {
  let sum = 0;
  for (let channel = first; channel < first + count; channel++) if (sets.has(find(channel))) sum++;
  return sum;
}
