import { copyGraph, type GraphCopy } from '../graph/clone.ts';
import { type Graph, onlyOutput } from '../graph/graph.ts';
import type { Coupling } from './channel-groups.ts';
import type { ChannelCoupling } from './coupling/scope.ts';
import { hideDecoded } from './quantized-weights.ts';
import { type Removable, removeChannels } from './remove-channels.ts';
import type { KeptPlaces } from './select-slices.ts';

/** A prepared graph with its coupling. */
export interface CoupledGraph {
  readonly graph: Graph;
  readonly coupling: Coupling;
}

/** A graph without some channel sets. */
export interface CutGraph {
  readonly graph: Graph;
  /** The kept filters of each layer, by the name of its output. */
  readonly keptFilters: ReadonlyMap<string, readonly number[]>;
  readonly keptPlaces: KeptPlaces;
}

/** Returns a copy of a prepared graph without some channel sets. */
export function cutChannels({ graph, coupling }: CoupledGraph, removed: ReadonlySet<number>): CutGraph {
  const { found } = coupling;
  const copy = copyGraph(graph);
  const cuts = removeChannels(copy.graph, couplingOfCopy(found, copy), removed);
  hideDecoded(copy.graph);
  const keptFilters = found.layers.map(({ node, first, count }) => {
    const filters = Array.from({ length: count }, (_, m) => m);
    return [onlyOutput(node).name, filters.filter((m) => !removed.has(found.sets.find(first + m)))] as const;
  });
  const keptPlaces = new Map(cuts.map(({ value, places }) => [value.name, places]));
  return { graph: copy.graph, keptFilters: new Map(keptFilters), keptPlaces };
}

/** The slicings and edits for a copy of the coupled graph. */
const couplingOfCopy = (
  { sets, slicings, edits }: ChannelCoupling,
  { copyOfValue, copyOfNode }: GraphCopy,
): Removable => ({
  sets,
  slicings: slicings.map((slicing) => ({
    ...slicing,
    value: copyOfValue(slicing.value),
    node: copyOfNode(slicing.node),
  })),
  edits: edits.map(({ node, apply }) => ({ node: copyOfNode(node), apply })),
});
