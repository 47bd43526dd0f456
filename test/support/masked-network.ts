import type { Graph } from '../../src/graph/graph.ts';
import { plainNetwork, zero } from './small-network.ts';

/** Two layers whose filters keep a point or a row; 3 of the first layer's are dead. On [N, channels, 16, 16]. */
export function maskedNetwork({ channels = 32 } = {}): Graph {
  const graph = plainNetwork({ channels, size: 16, widths: [48, 64] });
  for (const name of ['conv1', 'conv2']) {
    const weight = graph.initializers.find((value) => value.name === `${name}.weight`)!;
    const perFilter = weight.tensor!.data.length / weight.tensor!.shape[0]!;
    zero(weight, (i) => ![[4], [3, 4, 5]][Math.floor(i / perFilter) % 2]!.includes(i % 9));
  }
  for (const part of ['conv1.weight', 'conv1.bn.shift']) {
    const value = graph.initializers.find(({ name }) => name === part)!;
    const perFilter = value.tensor!.data.length / 48;
    zero(value, (i) => i < 3 * perFilter);
  }
  return graph;
}
