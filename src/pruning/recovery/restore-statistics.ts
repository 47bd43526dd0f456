import { selectSlices } from '../../channels/select-slices.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { connections } from '../../graph/topology.ts';
import { type KeptFilters, remainingChannels } from './refits.ts';

/**
 * Gives every BatchNormalization μ and σ² of the same channels in the original, in place: once layers are fit to give what
 * they gave there, these describe it, and statistics of the cut network do not.
 */
export function restoreStatistics(graph: Graph, original: Graph, keptFilters: KeptFilters): void {
  const before = new Map(original.nodes.filter(isNormalization).map((node) => [node.outputs[0]?.name, node]));
  const { producer } = connections(graph);
  for (const node of graph.nodes.filter(isNormalization)) {
    const source = before.get(node.outputs[0]?.name);
    const kept = remainingChannels(node, { keptFilters, producer });
    for (const at of [3, 4]) {
      const value = node.inputs[at];
      const tensor = source?.inputs[at]?.tensor;
      if (!value?.tensor || tensor?.dtype !== 'float32') continue;
      const [count] = value.tensor.shape;
      if (kept && kept.length === count) value.tensor = selectSlices(tensor, 0, kept);
      else if (tensor.shape[0] === count) value.tensor = tensor;
    }
  }
}

const isNormalization = (node: Node): boolean => isOperator(node, 'BatchNormalization');
