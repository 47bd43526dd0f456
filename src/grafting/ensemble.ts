import { builderOf } from '../graph/builder.ts';
import { cloneGraph } from '../graph/clone.ts';
import { emptyGraph, type Graph, type Value } from '../graph/graph.ts';
import { zip } from '../numeric/zip.ts';

/** A network that computes the mean of the first outputs of several networks, as logits. */
export function ensembleOf(networks: readonly [Graph, ...Graph[]]): Graph {
  const [first] = networks;
  const graph = emptyGraph('ensemble');
  graph.opsets = { ...first.opsets };
  const inputs = first.inputs.map((input) => ({ ...input }));
  graph.inputs.push(...inputs);
  const outputs = networks.map((network, i) => {
    const copy = cloneGraph(network);
    const shared = new Map(zip(copy.inputs, inputs));
    for (const value of [...copy.initializers, ...copy.nodes.flatMap((node) => node.outputs)]) {
      if (value) value.name = `${i}.${value.name}`;
    }
    for (const node of copy.nodes) {
      node.name = `${i}.${node.name}`;
      node.inputs = node.inputs.map((value) => value && (shared.get(value) ?? value));
    }
    graph.initializers.push(...copy.initializers);
    graph.nodes.push(...copy.nodes);
    const [output] = copy.outputs as [Value];
    return { output, name: network.outputs[0]?.name };
  });
  const g = builderOf(graph);
  g.output(g.Mean(...outputs.map(({ output }) => output)), outputs[0]?.name);
  graph.metadata = { ...first.metadata };
  return graph;
}
