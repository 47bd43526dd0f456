import { type Graph, type Node, nodeName, type Value } from '../graph/graph.ts';
import { inputsOf } from '../graph/operators/index.ts';
import { layerCosts } from '../measure/macs.ts';
import type { Tensors } from '../runtime/executor.ts';
import { hasStripes, maskName, skeletonName } from './skeleton.ts';

/** A convolution with a filter skeleton. */
export interface StripeLayer {
  readonly node: Node;
  readonly name: string;
  readonly weight: Value;
  readonly filters: number;
  readonly kernel: readonly number[];
  readonly stripes: number;
  /** MACs of one stripe: C/group · output positions. */
  readonly macsPerStripe: number;
}

/** The convolutions with stripes of a network, in graph order, and the MACs of the whole network. */
export function stripeLayers(network: Graph): { readonly layers: StripeLayer[]; readonly totalMacs: number } {
  const costs = new Map(layerCosts(network).map((cost) => [cost.name, cost]));
  const layers = network.nodes.filter(hasStripes).flatMap((node): StripeLayer[] => {
    const { weight } = inputsOf(node, 'Conv');
    if (!weight.tensor) return [];
    const [filters = 0, , ...kernel] = weight.tensor.shape;
    const name = nodeName(node);
    const stripes = filters * kernel.reduce((a, b) => a * b, 1);
    const macsPerStripe = (costs.get(name)?.macs ?? 0) / stripes;
    return [{ node, name, weight, filters, kernel, stripes, macsPerStripe }];
  });
  const totalMacs = [...costs.values()].reduce((sum, { macs }) => sum + macs, 0);
  return { layers, totalMacs };
}

/** The mask [M, kH, kW] of a layer in a training state: 1 for living stripes. Empty if the layer was removed. */
export const stripeMask = (state: Tensors, layer: StripeLayer): Float32Array =>
  contents(state, maskName(layer.weight.name));

/** The skeleton I [M, kH, kW] of a layer in a training state. Empty if the layer was removed. */
export const skeletonOf = (state: Tensors, layer: StripeLayer): Float32Array =>
  contents(state, skeletonName(layer.weight.name));

/** Number of living stripes of a layer in a training state. */
export function liveStripesOf(state: Tensors, layer: StripeLayer): number {
  let live = 0;
  for (const value of stripeMask(state, layer)) if (value !== 0) live++;
  return live;
}

const contents = (state: Tensors, name: string): Float32Array =>
  (state[name]?.data as Float32Array | undefined) ?? new Float32Array();
