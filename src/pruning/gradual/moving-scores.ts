import { namedFloats, type Tensors } from '../../runtime/executor.ts';
import { gradientName } from './mask-extension.ts';
import type { MaskPlace } from './prunable-sets.ts';

/** Weights of the previous average and of the current step in a moving average. */
const [PAST, PRESENT] = [0.95, 0.05];

/**
 * The moving average of (m·∂L/∂m)² for each channel set with mask m: to first order, the squared change of the loss without
 * the set (Molchanov et al., CVPR 2019, arXiv:1906.10771). The score of a masked set does not change.
 */
export interface MovingScores {
  /** Adds the gradients of a step. */
  add(places: readonly MaskPlace[], state: Tensors, masked: ReadonlySet<number>): void;
  values(): ReadonlyMap<number, number>;
  save(): [number, number][];
  restore(saved: readonly (readonly [number, number])[]): void;
}

/** Opens the scores of some sets, initially 0. */
export function openMovingScores(sets: readonly number[]): MovingScores {
  const indexOf = new Map(sets.map((set, i) => [set, i]));
  const averages = new Float64Array(sets.length);
  const values = () => new Map(sets.map((set, i) => [set, averages[i]!]));
  return {
    add(places, state, masked) {
      const gradients = new Float64Array(sets.length);
      for (const place of places) {
        const gradient = namedFloats(state, gradientName(place));
        place.sets.forEach((set, i) => {
          const index = indexOf.get(set);
          if (index !== undefined) gradients[index]! += gradient[i]!;
        });
      }
      sets.forEach((set, i) => {
        if (!masked.has(set)) averages[i] = PAST * averages[i]! + PRESENT * gradients[i]! ** 2;
      });
    },
    values,
    save: () => [...values()],
    restore(saved) {
      for (const [set, average] of saved) averages[indexOf.get(set)!] = average;
    },
  };
}
