import { float32Data, makeTensor, type Tensor } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';
import { namedFloats, namedTensor, type Tensors } from '../runtime/executor.ts';
import { slotNames } from '../training/optimizers.ts';
import { zerosLike } from './average.ts';
import { entropy } from './information.ts';
import type { GraftLayer } from './layers.ts';

/** Granularity of the blending weight: one per layer, by entropy, or one per filter, by |γ|. */
export type GraftLevel = 'layer' | 'filter';

/** What happens to the optimiser's state of grafted parameters. */
export type GraftMomentum = 'keep' | 'blend' | 'reset';

/** Options of {@link blend} and {@link blendRing}. */
export interface BlendOptions {
  readonly level: GraftLevel;
  readonly momentum: GraftMomentum;
  /** A in w = A/π·arctan(c·(H_self − H_other)) + ½. Default 0.4: w is in [0.3, 0.7]. */
  readonly reach?: number;
  /** c in this formula. Default 500. */
  readonly steepness?: number;
}

/**
 * Grafts a network with another one: W ← w·W_self + (1 − w)·W_other for weight, bias and BatchNormalization of every
 * convolution (Meng et al., Filter Grafting, CVPR 2020, arXiv:2001.05868, equations 5 to 7). At filter level, w_m = |γ_self|
 * / (|γ_self| + |γ_other|) where a BatchNormalization follows.
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
      const both = (of: string) => [namedTensor(self, of), namedTensor(other, of)] as const;
      blended[name] = mixed(both(name), parts);
      for (const [slot, kept] of slotsOf(self, name)) {
        if (options.momentum === 'blend') blended[slot] = mixed(both(slot), parts);
        if (options.momentum === 'reset') blended[slot] = zerosLike(kept);
      }
    }
  }
  return blended;
}

/**
 * Grafts every network of a ring with the one before it, using the states before grafting. Two networks get equal
 * weights, since the w of one is 1 minus that of the other; training makes them differ again.
 */
export const blendRing = (
  layers: readonly GraftLayer[],
  states: readonly Tensors[],
  options: BlendOptions,
): Tensors[] =>
  zip(states, [...states.slice(-1), ...states.slice(0, -1)]).map((pair) => blend(layers, pair, options));

/** The blending weight w of each filter [M]. */
function ownParts(
  layer: GraftLayer,
  [self, other]: readonly [Tensors, Tensors],
  { level, reach = 0.4, steepness = 500 }: BlendOptions,
): Float64Array {
  const { normalization, filters, weight } = layer;
  if (level === 'filter' && normalization) {
    const scales = zip(namedFloats(self, normalization.scale), namedFloats(other, normalization.scale));
    return Float64Array.from(scales, ([own, others]) => {
      const [a, b] = [Math.abs(own), Math.abs(others)];
      return a + b > 0 ? a / (a + b) : 0.5;
    });
  }
  const difference = entropy(namedFloats(self, weight)) - entropy(namedFloats(other, weight));
  const part = (reach / Math.PI) * Math.atan(steepness * difference) + 0.5;
  return new Float64Array(filters).fill(part);
}

function parametersOf({ weight, bias, normalization }: GraftLayer): string[] {
  const { scale, shift, mean, variance } = normalization ?? {};
  return [weight, bias, scale, shift, mean, variance].filter((name): name is string => !!name);
}

/** The optimiser's states of a parameter that exist. */
const slotsOf = (state: Tensors, name: string): (readonly [slot: string, tensor: Tensor])[] =>
  slotNames(name).flatMap((slot) => {
    const tensor = state[slot];
    return tensor ? [[slot, tensor] as const] : [];
  });

/** w·a + (1 − w)·b, with w along the first axis. */
function mixed([a, b]: readonly [Tensor, Tensor], parts: Float64Array): Tensor {
  const [own, others] = [float32Data(a), float32Data(b)];
  const size = own.length / parts.length;
  const data = own.map((x, i) => {
    const w = parts[Math.floor(i / size)]!;
    // Equal numbers are kept exactly, despite rounding of w.
    return x === others[i] ? x : w * x + (1 - w) * others[i]!;
  });
  return makeTensor(a.dtype, a.shape, data);
}
