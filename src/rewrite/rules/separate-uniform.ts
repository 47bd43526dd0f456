import { uniqueNames } from '../../graph/builder.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Graph, makeConstant, type Node, type Value } from '../../graph/graph.ts';
import { connections } from '../../graph/topology.ts';
import { isUniform, type Tensor } from '../../numeric/tensor.ts';

/**
 * A copy in which layers that share a vector by coincidence get separate ones: exporters store equal tensors once, such as
 * biases of zeros, and scales or variances of ones. Layers that share a weight still share their vectors.
 */
export function separateUniform(given: Graph): Graph {
  const graph = cloneGraph(given);
  const { uses } = connections(graph);
  const unique = uniqueNames(graph);
  const stored = new Set(graph.initializers);
  for (const value of [...stored]) {
    const { tensor } = value;
    const all = uses.get(value) ?? [];
    const readers = all.flatMap(({ node, index }) => (node && index > 0 ? [{ node, index }] : []));
    if (readers.length < Math.max(2, all.length) || !tensor || !isUniformVector(tensor)) continue;
    const parts = new Map<string, Value>();
    const keys = new Map<unknown, number>();
    for (const { node, index } of readers) {
      const owner = weightOf(node, value) ?? node;
      if (!keys.has(owner)) keys.set(owner, keys.size);
      const key = `${keys.get(owner)}.${index}`;
      const part = parts.get(key) ?? (parts.size === 0 ? value : makeConstant(unique(value.name), tensor));
      if (!parts.has(key) && part !== value) graph.initializers.push(part);
      parts.set(key, part);
      node.inputs[index] = part;
    }
  }
  return graph;
}

const isUniformVector = (tensor: Tensor): boolean =>
  tensor.dtype === 'float32' && tensor.shape.length === 1 && tensor.data.length > 1 && isUniform(tensor);

/** The weight of the layer to which a vector belongs; null for a normalisation, which has none. */
const weightOf = ({ inputs }: Node, vector: Value): Value | null =>
  inputs.find((value) => value?.tensor && value !== vector && value.tensor.shape.length > 1) ?? null;
