import { builderOf } from '../graph/builder.ts';
import { cloneGraph } from '../graph/clone.ts';
import { emptyGraph, type Graph } from '../graph/graph.ts';

/** One network that gives the mean of what several give for the same images: their first outputs, as logits. */
export function ensembleOf(networks: readonly Graph[]): Graph {
  const [first] = networks;
  const graph = emptyGraph('ensemble');
  graph.opsets = { ...first!.opsets };
  const g = builderOf(graph);
  const shared = first!.inputs.map(({ name, dtype, shape, feed }) =>
    Object.assign(g.input(name, dtype!, shape!), feed && { feed }),
  );
  const outputs = networks.map((network, i) => {
    const copy = cloneGraph(network);
    for (const value of [...copy.initializers, ...copy.nodes.flatMap((node) => node.outputs)]) {
      if (value) value.name = `${i}.${value.name}`;
    }
    for (const node of copy.nodes) {
      node.name = `${i}.${node.name}`;
      node.inputs = node.inputs.map((value) =>
        value && copy.inputs.includes(value) ? shared[copy.inputs.indexOf(value)]! : value,
      );
    }
    graph.initializers.push(...copy.initializers);
    graph.nodes.push(...copy.nodes);
    return copy.outputs[0]!;
  });
  g.output(g.Mean(...outputs), first!.outputs[0]!.name);
  graph.metadata = { ...first!.metadata };
  return graph;
}
