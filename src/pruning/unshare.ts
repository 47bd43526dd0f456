import { uniqueNames } from '../graph/builder.ts';
import { type Graph, makeConstant, type Value } from '../graph/graph.ts';

/** Gives every input of every node a parameter of its own, in place: what is sliced for one reader stays for others. */
export function unshareParameters(graph: Graph): void {
  const unique = uniqueNames(graph);
  const seen = new Set<Value>(graph.outputs);
  graph.nodes = graph.nodes.filter((node) => node.op !== 'Constant' || !node.outputs[0]?.tensor);
  const held = new Set(graph.initializers);
  for (const node of graph.nodes) {
    node.inputs.forEach((value, index) => {
      if (!value?.tensor) return;
      const own = seen.has(value) ? makeConstant(unique(value.name), value.tensor) : value;
      seen.add(own);
      node.inputs[index] = own;
      if (!held.has(own)) graph.initializers.push(own);
      held.add(own);
    });
  }
}
