import { isRefusal } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { withFixedShapes } from '../measure/bind-shapes.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { layerCosts } from '../measure/macs.ts';
import { liveStripes, readStripes } from './forms/convolution.ts';

/** MACs per image of the living stripes: the cost of a network that skips all dead stripes. */
export function liveMacs(network: Graph, size?: ImageSize): number {
  const fixed = withFixedShapes(network, { size, batch: 1 });
  const shares = new Map<string, number>();
  for (const node of fixed.nodes) {
    const conv = isOperator(node, 'Conv') ? readStripes(node) : null;
    if (!conv || isRefusal(conv)) continue;
    shares.set(conv.name, liveStripes(conv) / (conv.filters * conv.kernel[0] * conv.kernel[1]));
  }
  return layerCosts(fixed).reduce((sum, { name, macs }) => sum + macs * (shares.get(name) ?? 1), 0);
}
