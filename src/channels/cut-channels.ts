import { cloneGraph } from '../graph/clone.ts';
import type { Graph } from '../graph/graph.ts';
import { channelGroups } from './channel-groups.ts';
import { hideDecoded } from './quantized-weights.ts';
import { removeChannels } from './remove-channels.ts';

/** A prepared network, and the channel sets to remove from it. */
interface Cutting {
  readonly prepared: Graph;
  readonly removed: ReadonlySet<number>;
}

/** The network without some channel sets, and the kept filters of each layer by the name of its output. */
export function cutChannels({ prepared, removed }: Cutting): {
  readonly graph: Graph;
  readonly keptFilters: ReadonlyMap<string, readonly number[]>;
} {
  const graph = cloneGraph(prepared);
  const { found } = channelGroups(graph);
  const keptFilters = new Map(
    found.layers.map(({ node, first, count }) => {
      const filters = Array.from({ length: count }, (_, m) => m);
      return [
        node.outputs[0]!.name,
        filters.filter((m) => !removed.has(found.sets.find(first + m))),
      ] as const;
    }),
  );
  removeChannels(graph, found, removed);
  hideDecoded(graph);
  return { graph, keptFilters };
}
