import type { Graph, Node, Value } from '../graph/graph.ts';
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
  /** MACs of one stripe: C/group · output positions. */
  readonly macsPerStripe: number;
}

/** The convolutions of a network that have stripes, in graph order, and the MACs of everything. */
export function stripeLayers(network: Graph): { readonly layers: StripeLayer[]; readonly totalMacs: number } {
  const costs = new Map(layerCosts(network).map((cost) => [cost.name, cost]));
  const layers = network.nodes.filter(hasStripes).flatMap((node): StripeLayer[] => {
    const weight = node.inputs[1]!;
    if (!weight.tensor) return [];
    const [filters = 0, , ...kernel] = weight.tensor.shape;
    const name = layerName(node);
    const stripes = filters * kernel.reduce((a, b) => a * b, 1);
    return [{ node, name, weight, filters, kernel, macsPerStripe: (costs.get(name)?.macs ?? 0) / stripes }];
  });
  const totalMacs = [...costs.values()].reduce((sum, { macs }) => sum + macs, 0);
  return { layers, totalMacs };
}

export const layerName = (node: Node): string => node.name || node.outputs[0]?.name || node.op;

/** The mask [M, kH, kW] of a layer in a training state: 1 where a stripe lives. */
export const maskOf = (state: Tensors, layer: StripeLayer): Float32Array =>
  state[maskName(layer.weight.name)]!.data as Float32Array;

/** The skeleton I [M, kH, kW] of a layer in a training state. */
export const skeletonOf = (state: Tensors, layer: StripeLayer): Float32Array =>
  state[skeletonName(layer.weight.name)]!.data as Float32Array;
