import type { Graph } from '../graph/graph.ts';
import { absoluteSum } from '../numeric/statistics.ts';
import { namedFloats, type Tensors } from '../runtime/executor.ts';
import { type GraftLayer, graftLayers } from './layers.ts';
import { limitOf, type Threshold } from './threshold.ts';

/** Number of bins of the histogram for the entropy. */
const BINS = 10;

/**
 * H = −Σ p_b ln p_b over ten equal bins between the smallest and the largest weight, which counts in the last bin: a measure
 * of the variation of a layer's weights (Meng et al., Filter Grafting, CVPR 2020, arXiv:2001.05868, equation 4). 0 if all
 * weights are equal.
 */
export function entropy(weights: Float32Array): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const weight of weights) {
    low = Math.min(low, weight);
    high = Math.max(high, weight);
  }
  if (!(high > low)) return 0;
  const counts = new Float64Array(BINS);
  for (const weight of weights) {
    const bin = Math.floor(((weight - low) / (high - low)) * BINS);
    counts[Math.min(bin, BINS - 1)]!++;
  }
  let sum = 0;
  for (const count of counts) {
    const p = count / weights.length;
    if (p > 0) sum -= p * Math.log(p);
  }
  return sum;
}

/** |γ_m|·Σ|F_m| of every filter [M]; Σ|F_m| if no BatchNormalization follows. */
export function validity(layer: GraftLayer, state: Tensors): Float64Array {
  const weights = namedFloats(state, layer.weight);
  const { normalization } = layer;
  const scale = normalization
    ? namedFloats(state, normalization.scale)
    : new Float32Array(layer.filters).fill(1);
  const size = weights.length / layer.filters;
  return Float64Array.from(
    scale,
    (gamma, m) => absoluteSum(weights, m * size, (m + 1) * size) * Math.abs(gamma),
  );
}

/** Entropy and number of invalid filters of one layer. */
export interface LayerInformation {
  readonly name: string;
  readonly entropy: number;
  readonly filters: number;
  /** Number of filters whose validity is below the threshold. */
  readonly invalid: number;
}

/**
 * Computes the entropy of the weights and the number of invalid filters of each layer. `state` contains the parameters by
 * name, as in training states.
 *
 * @example
 * for (const { name, entropy, invalid, filters } of informationOf(graftLayers(network), state, '60%'))
 *   console.log(name, entropy, `${invalid} of ${filters} filters are invalid`);
 */
export function informationOf(
  layers: readonly GraftLayer[],
  state: Tensors,
  threshold: Threshold,
): LayerInformation[] {
  return layers.map((layer) => {
    const scores = validity(layer, state);
    const limit = limitOf(threshold, scores);
    return {
      name: layer.name,
      entropy: entropy(namedFloats(state, layer.weight)),
      filters: layer.filters,
      invalid: scores.filter((score) => score < limit).length,
    };
  });
}

/** {@link informationOf} the convolutions of a network whose weights are constants. */
export function networkInformation(graph: Graph, threshold: Threshold): LayerInformation[] {
  const state: Tensors = Object.fromEntries(
    graph.initializers.flatMap(({ name, tensor }) => (tensor ? [[name, tensor] as const] : [])),
  );
  const layers = graftLayers(graph).filter(({ weight }) => state[weight] !== undefined);
  return informationOf(layers, state, threshold);
}
