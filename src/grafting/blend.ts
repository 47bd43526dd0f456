import { makeTensor, type Tensor } from '../numeric/tensor.ts';
import type { Tensors } from '../runtime/executor.ts';
import { slotNames } from '../training/optimizers.ts';
import { zerosLike } from './average.ts';
import { entropy } from './information.ts';
import type { GraftLayer } from './layers.ts';

/** How the part of a network's own weights is chosen: one for a layer, by entropy; or one for each filter, by |γ|. */
export type GraftLevel = 'layer' | 'filter';

/** What becomes of the optimiser's state of grafted parameters. */
export type GraftMomentum = 'keep' | 'blend' | 'reset';

/** Options of {@link blend} and {@link blendRing}. */
export interface BlendOptions {
  readonly level: GraftLevel;
  readonly momentum: GraftMomentum;
  /** A of w = A/π·arctan(c·(H_self − H_other)) + ½. Default 0.4: w lies in [0.3, 0.7]. */
  readonly reach?: number;
  /** c. Default 500. */
  readonly steepness?: number;
}

/**
 * The state of a network grafted with another's, W ← w·W_self + (1 − w)·W_other for the weight, the bias and the
 * BatchNormalization of every convolution (Meng et al., Filter Grafting, CVPR 2020, arXiv:2001.05868, equations 5 to 7). At
 * the level of filters w_m = |γ_self| / (|γ_self| + |γ_other|), where a BatchNormalization follows.
 *
 * @example
 * const grafted = blend(graftLayers(network), [state, otherState], { level: 'layer', momentum: 'keep' });
 */
export function blend(
  layers: readonly GraftLayer[],
  [self, other]: readonly [Tensors, Tensors],
  options: BlendOptions,
): Tensors {
  const blended: Record<string, Tensor> = { ...self };
  for (const layer of layers) {
    const parts = ownParts(layer, [self, other], options);
    for (const name of parametersOf(layer)) {
      blended[name] = mixed(self[name]!, other[name]!, parts);
      for (const slot of slotsOf(self, name)) {
        const kept = self[slot]!;
        if (options.momentum === 'blend') blended[slot] = mixed(kept, other[slot]!, parts);
        if (options.momentum === 'reset') blended[slot] = zerosLike(kept);
      }
    }
  }
  return blended;
}

/** Every network of a ring grafted with the one before it, all from what they were before. */
export const blendRing = (
  layers: readonly GraftLayer[],
  states: readonly Tensors[],
  options: BlendOptions,
): Tensors[] =>
  states.map((self, i) => blend(layers, [self, states[(i + states.length - 1) % states.length]!], options));

/** w of each filter [M]. */
function ownParts(
  layer: GraftLayer,
  [self, other]: readonly [Tensors, Tensors],
  { level, reach = 0.4, steepness = 500 }: BlendOptions,
): Float64Array {
  const { normalization, filters, weight } = layer;
  if (level === 'filter' && normalization) {
    const [own, others] = [self, other].map((state) => state[normalization.scale]!.data as Float32Array);
    return Float64Array.from({ length: filters }, (_, m) => {
      const [a, b] = [Math.abs(own![m]!), Math.abs(others![m]!)];
      return a + b > 0 ? a / (a + b) : 0.5;
    });
  }
  const [own, others] = [self, other].map((state) => entropy(state[weight]!.data as Float32Array));
  const part = (reach / Math.PI) * Math.atan(steepness * (own! - others!)) + 0.5;
  return new Float64Array(filters).fill(part);
}

function parametersOf({ weight, bias, normalization }: GraftLayer): string[] {
  const { scale, shift, mean, variance } = normalization ?? {};
  return [weight, bias, scale, shift, mean, variance].filter((name): name is string => !!name);
}

/** The optimiser's state of a parameter, as far as there is any. */
const slotsOf = (state: Tensors, name: string): string[] =>
  slotNames(name).filter((slot) => state[slot] !== undefined);

/** w·a + (1 − w)·b, w by the first axis. */
function mixed(a: Tensor, b: Tensor, parts: Float64Array): Tensor {
  const [own, others] = [a.data as Float32Array, b.data as Float32Array];
  const size = own.length / parts.length;
  const data = own.map((x, i) => {
    const w = parts[Math.floor(i / size)]!;
    // Equal numbers stay what they are, whatever w rounds to.
    return x === others[i] ? x : w * x + (1 - w) * others[i]!;
  });
  return makeTensor(a.dtype, a.shape, data);
}
