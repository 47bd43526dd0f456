import { random } from '../numeric/random.ts';
import { absoluteSum } from '../numeric/statistics.ts';
import { floats, type Tensor } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';
import { namedFloats, namedTensor, type Tensors } from '../runtime/executor.ts';
import { validity } from './information.ts';
import type { GraftLayer } from './layers.ts';
import { limitOf, type Threshold } from './threshold.ts';

/** Options that select invalid filters. */
export interface ReactivationOptions {
  /** Filters whose validity |γ|·Σ|F| is below this are invalid. */
  readonly threshold: Threshold;
}

/**
 * Adds Gaussian noise with standard deviation aᵗ to each invalid filter, where t is the epoch (Meng et al., Filter Grafting,
 * CVPR 2020, arXiv:2001.05868, equation 1). A function of the seed and the epoch.
 *
 * @example
 * const grafted = graftNoise(graftLayers(network), state, { threshold: 0.1, base: 0.9, epoch: 3, seed: 0 });
 */
export function graftNoise(
  layers: readonly GraftLayer[],
  state: Tensors,
  {
    threshold,
    base,
    epoch,
    seed,
  }: ReactivationOptions & { readonly base: number; readonly epoch: number; readonly seed: number },
): Tensors {
  const deviation = base ** epoch;
  return changed(layers, state, (layer, weights, index) => {
    const { normal } = random(seed, epoch, index);
    const size = weights.length / layer.filters;
    const scores = validity(layer, state);
    const limit = limitOf(threshold, scores);
    scores.forEach((score, m) => {
      // Random numbers are drawn for every filter, so that the noise of one does not depend on which others are invalid.
      for (let i = m * size; i < (m + 1) * size; i++) {
        const noise = deviation * normal();
        if (score < limit) weights[i]! += noise;
      }
    });
  });
}

/**
 * Adds a valid filter of the same layer to each invalid one: the largest to the smallest, the second largest to the second
 * smallest, and so on (equation 2 of the same paper).
 *
 * Before a BatchNormalization the sum F is scaled to the size Σ|F| of the valid filter. This does not change what the network
 * computes, since BatchNormalization divides by the standard deviation. Without it, a filter that stays invalid because of its
 * γ would be added to in every epoch; others would be given the sum, and sizes would grow exponentially. As the gradient of
 * such a filter is inversely proportional to its size, it would stop learning.
 *
 * @example
 * const grafted = graftInternal(graftLayers(network), state, { threshold: '60%' });
 */
export function graftInternal(
  layers: readonly GraftLayer[],
  state: Tensors,
  { threshold }: ReactivationOptions,
): Tensors {
  return changed(layers, state, (layer, weights) => {
    const scores = validity(layer, state);
    const limit = limitOf(threshold, scores);
    const order = Array.from(scores, (score, filter) => ({ score, filter }));
    order.sort((a, b) => a.score - b.score || a.filter - b.filter);
    const invalid = order.filter(({ score }) => score < limit);
    const valid = order.filter(({ score }) => score >= limit).reverse();
    const pairs = Math.min(invalid.length, valid.length);
    const size = weights.length / layer.filters;
    for (const [to, from] of zip(invalid.slice(0, pairs), valid.slice(0, pairs))) {
      const filter = weights.subarray(to.filter * size, (to.filter + 1) * size);
      const added = weights.subarray(from.filter * size, (from.filter + 1) * size);
      for (let i = 0; i < size; i++) filter[i]! += added[i]!;
      if (layer.normalization) scaleTo(filter, absoluteSum(added));
    }
  });
}

/** Scales a filter to a size Σ|F|; zeros stay zeros. */
function scaleTo(filter: Float32Array, size: number): void {
  const factor = size / absoluteSum(filter);
  if (Number.isFinite(factor)) for (let i = 0; i < filter.length; i++) filter[i]! *= factor;
}

/** A copy of the state with changed weights of each layer. */
function changed(
  layers: readonly GraftLayer[],
  state: Tensors,
  edit: (layer: GraftLayer, weights: Float32Array, index: number) => void,
): Tensors {
  const result: Record<string, Tensor> = { ...state };
  for (const [index, layer] of layers.entries()) {
    const weights = namedFloats(state, layer.weight).slice();
    edit(layer, weights, index);
    result[layer.weight] = floats(namedTensor(state, layer.weight).shape, weights);
  }
  return result;
}
