import { uniqueNames } from '../../graph/builder.ts';
import { type Graph, makeConstant, type Node } from '../../graph/graph.ts';
import type { Tensor } from '../../numeric/tensor.ts';

/** Gives a node's input a constant of its own: others may read the one that it had. */
export type ReplaceInput = (node: Node, index: number, tensor: Tensor) => void;

/** Replaces inputs of a graph's nodes, names being looked through once. */
export function inputReplacer(graph: Graph): ReplaceInput {
  const unique = uniqueNames(graph);
  return (node, index, tensor) => {
    const value = makeConstant(unique(`${node.outputs[0]?.name ?? node.op}.input${index}`), tensor);
    graph.initializers.push(value);
    while (node.inputs.length < index) node.inputs.push(null);
    node.inputs[index] = value;
  };
}
