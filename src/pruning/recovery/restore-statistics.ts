import { selectSlices } from '../../channels/select-slices.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { connections } from '../../graph/topology.ts';
import { type KeptFilters, remainingChannels } from './refits.ts';

/**
 * Sets μ and σ² of every BatchNormalization to those of the same channels in the original, in place. After layers were fitted
 * to the original's outputs, these are the right statistics, unlike those of the cut network.
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
