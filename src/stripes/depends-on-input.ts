import type { Graph, Node, Value } from '../graph/graph.ts';

/** Whether an output of a network depends on an input along some path that avoids the given nodes. */
export function dependsOnInput(graph: Graph, without: ReadonlySet<Node>): boolean {
  const reached = new Set<Value>(graph.inputs.filter((value) => !value.tensor));
  for (const node of graph.nodes) {
    if (!without.has(node) && node.inputs.some((value) => value && reached.has(value))) {
      for (const value of node.outputs) if (value) reached.add(value);
    }
  }
  return graph.outputs.some((value) => reached.has(value));
}
