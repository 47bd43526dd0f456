import type { ChannelCoupling, ParameterSlicing } from '../../channels/coupling/scope.ts';
import { isRefusal } from '../../graph/edit/refused.ts';
import type { Node } from '../../graph/graph.ts';
import { layerTail } from '../../graph/layer-tail.ts';
import { attributesOf } from '../../graph/operators/index.ts';
import type { Connections } from '../../graph/topology.ts';
import { scaledFilters, slicesOf, type WeightData } from './slices.ts';

interface Folding {
  readonly found: ChannelCoupling;
  readonly links: Connections;
  readonly foldBatchNormalization?: boolean;
}

/** The weights to score: W, or W·γ/√(σ² + ε) per filter if folding is requested and a BatchNormalization follows. */
export function weightData({ found, links, foldBatchNormalization }: Folding): WeightData {
  if (!foldBatchNormalization) return (_, weight) => weight;
  const filters = new Map<Node, ParameterSlicing>();
  for (const slicing of found.slicings) if (slicing.role === 'filters') filters.set(slicing.node, slicing);
  const counts = new Map(found.layers.map(({ node, count }) => [node, count]));
  const folded = new Map<Node, Float32Array>();
  return (node, weight) => {
    const known = folded.get(node);
    if (known) return known;
    const slicing = filters.get(node);
    const factors = foldingFactors(node, links);
    const slices = slicing && factors && slicesOf(slicing, counts.get(node)!, () => weight);
    const result = slices && factors && !isRefusal(slices) ? scaledFilters(slices, factors) : weight;
    folded.set(node, result);
    return result;
  };
}

/** γ/√(σ² + ε) of the BatchNormalization after a layer; null if there is none with constant parameters. */
function foldingFactors(layer: Node, links: Connections): Float64Array | null {
  const { normalization } = layerTail(layer, links);
  if (!normalization) return null;
  const { epsilon } = attributesOf(normalization, 'BatchNormalization');
  const [scale, variance] = [1, 4].map((index) => normalization.inputs[index]?.tensor?.data);
  if (!(scale instanceof Float32Array) || !(variance instanceof Float32Array)) return null;
  return Float64Array.from(scale, (gamma, m) => gamma / Math.sqrt(variance[m]! + epsilon));
}
