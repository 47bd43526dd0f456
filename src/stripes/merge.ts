import type { Graph } from '../graph/graph.ts';
import { inputsOf } from '../graph/operators/index.ts';
import { connections } from '../graph/topology.ts';
import { float32Data, floats, type Tensor } from '../numeric/tensor.ts';
import type { Tensors } from '../runtime/executor.ts';
import { withState } from '../training/training-step.ts';
import { hasStripes, maskName, perFilterParameters, skeletonName } from './skeleton.ts';

/**
 * Merges the skeletons of a network: W ⊙ I becomes the weight of an ordinary convolution, with zeros for dead stripes. A
 * filter without stripes also gets zero bias, scale and shift, so that its feature map is zero.
 */
export function maskedNetwork(network: Graph, state: Tensors): Graph {
  const graph = withState(network, state);
  const links = connections(graph);
  for (const node of graph.nodes.filter(hasStripes)) {
    const { weight } = inputsOf(node, 'Conv');
    const skeleton = state[skeletonName(weight.name)];
    const mask = state[maskName(weight.name)];
    if (!skeleton || !mask || !weight.tensor) continue;
    const { shape } = weight.tensor;
    weight.tensor = floats(shape, scaled(float32Data(weight.tensor), float32Data(skeleton), shape));
    const dead = deadFilters(mask);
    if (dead.length === 0) continue;
    for (const value of perFilterParameters(node, links)) value.tensor = withoutFilters(value.tensor!, dead);
  }
  return graph;
}

/** W[m, c, i, j] · I[m, i, j]. */
function scaled(weights: Float32Array, skeleton: Float32Array, shape: readonly number[]): Float32Array {
  const [filters = 0, channels = 0] = shape;
  const positions = weights.length / (filters * channels);
  return weights.map((w, index) => {
    const filter = Math.floor(index / (channels * positions));
    const product = w * skeleton[filter * positions + (index % positions)]!;
    return product === 0 ? 0 : product; // no −0: a dead stripe is plain zero
  });
}

/** The filters whose mask [M, kH, kW] is entirely 0. */
export function deadFilters(mask: Tensor): number[] {
  const [filters = 0] = mask.shape;
  const size = mask.data.length / filters;
  const live = float32Data(mask);
  return Array.from({ length: filters }, (_, m) => m).filter((m) =>
    live.subarray(m * size, (m + 1) * size).every((value) => value === 0),
  );
}

/** A tensor [M, …] with the given filters set to zero. */
export function withoutFilters(tensor: Tensor, filters: readonly number[]): Tensor {
  const data = float32Data(tensor).slice();
  const [all = 1] = tensor.shape;
  const size = data.length / all;
  for (const m of filters) data.fill(0, m * size, (m + 1) * size);
  return floats(tensor.shape, data);
}
