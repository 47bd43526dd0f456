import { ESPALIER_DOMAIN, type Graph, type Node, type Value } from '../../src/graph/graph.ts';
import { removeDeadNodes } from '../../src/graph/topology.ts';
import type { Tensors } from '../../src/runtime/executor.ts';

/**
 * The outputs of a graph that an executor for inference alone computes: from the first input, the others being constants, by
 * ONNX's operators in float32, with constant weights and at most two spatial axes.
 */
export function inferencePart(graph: Graph, inputs: Tensors): Graph {
  const beyond = new Set<Value>();
  const others = graph.inputs.slice(1);
  for (const input of others) input.tensor = inputs[input.name]!;
  for (const node of graph.nodes) {
    const isBeyond = node.inputs.some((value) => value && beyond.has(value)) || !isInference(node);
    if (isBeyond) for (const output of node.outputs) if (output) beyond.add(output);
  }
  const part = {
    ...graph,
    inputs: graph.inputs.slice(0, 1),
    initializers: [...graph.initializers, ...others],
    outputs: graph.outputs.filter((output) => !beyond.has(output)),
  };
  removeDeadNodes(part);
  return part;
}

const windows = new Set(['Conv', 'MaxPool', 'AveragePool']);

const isInference = ({ op, domain, inputs: [x, weight], outputs }: Node): boolean =>
  domain !== ESPALIER_DOMAIN &&
  outputs.every((output) => !output || output.dtype === 'float32') &&
  (!windows.has(op) || (x!.shape!.length <= 4 && (!weight || weight.tensor !== null)));
