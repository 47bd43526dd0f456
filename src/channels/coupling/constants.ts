import { uniqueNames } from '../../graph/builder.ts';
import { type Graph, makeConstant, type Node } from '../../graph/graph.ts';
import type { Tensor } from '../../numeric/tensor.ts';

/** Replaces a node's input by a new constant, since other nodes may read the previous one. */
export type ReplaceInput = (node: Node, index: number, tensor: Tensor) => void;

/** Returns a function that replaces inputs; it collects the names of the graph only once. */
export function inputReplacer(graph: Graph): ReplaceInput {
  const unique = uniqueNames(graph);
  return (node, index, tensor) => {
    const value = makeConstant(unique(`${node.outputs[0]?.name ?? node.op}.input${index}`), tensor);
    graph.initializers.push(value);
    while (node.inputs.length < index) node.inputs.push(null);
    node.inputs[index] = value;
  };
}
