import { byteSize, type Tensor } from '../numeric/tensor.ts';
import type { Graph } from './graph.ts';
import { subgraphs } from './topology.ts';

/** Total bytes of all initializers and tensor attributes, including those of subgraphs. */
export function payloadBytes(graph: Graph): number {
  return storedTensors(graph).reduce((sum, tensor) => sum + byteSize(tensor), 0);
}

/** All initializers and tensor attributes, including those of subgraphs. */
export function storedTensors(graph: Graph): Tensor[] {
  const inNodes = graph.nodes.flatMap((node) => [
    ...Object.values(node.attributes).flatMap(({ kind, value }) => (kind === 'tensor' ? [value] : [])),
    ...subgraphs(node).flatMap(storedTensors),
  ]);
  return [...graph.initializers.map(({ tensor }) => tensor!), ...inNodes];
}
