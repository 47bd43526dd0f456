import { cloneGraph } from '../clone.ts';
import type { Dim, Graph } from '../graph.ts';
import { sizeOfSymbol } from '../shapes/free-size.ts';
import { fedInputs } from './image-input.ts';
import { boundSymbols, isBatchOpen } from './input-feeds.ts';

/**
 * A copy in which dimensions that the network leaves open have the sizes given by {@link InputFeed | feeds}, wherever their
 * symbols occur. A batch that a feed leaves open stays open. Shapes are not inferred again. Throws `usage` if feeds
 * contradict each other.
 */
export function bindFeeds(graph: Graph): Graph {
  const copy = cloneGraph(graph);
  const inputs = fedInputs(copy);
  if (inputs.every(({ feed }) => feed === undefined)) return copy;
  const symbols = boundSymbols(copy);
  const named = (dim: Dim) => (typeof dim === 'string' ? sizeOfSymbol(dim, symbols) : dim);
  for (const input of inputs) {
    const open = isBatchOpen(input);
    input.shape =
      (input.shape ?? input.feed?.shape ?? null)?.map((dim, axis) => {
        const bound = named(dim);
        if (typeof bound === 'number' || (axis === 0 && open)) return bound;
        return input.feed?.shape[axis] ?? bound;
      }) ?? null;
  }
  for (const value of copy.nodes.flatMap(({ outputs }) => outputs))
    if (value?.shape) value.shape = value.shape.map(named);
  return copy;
}
