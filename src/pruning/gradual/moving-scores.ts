import { namedFloats, type Tensors } from '../../runtime/executor.ts';
import { gradientName } from './mask-extension.ts';
import type { MaskPlace } from './prunable-sets.ts';

/** The weight of the past in a moving average, and of a step. */
const [PAST, PRESENT] = [0.95, 0.05];

/**
 * The moving average of (m·∂L/∂m)² of each channel set, m being its mask: the squared change of the loss, to first order, if the set
 * were not there (Molchanov et al., CVPR 2019, arXiv:1906.10771). That of a masked set stays as it was.
 */
export interface MovingScores {
  /** Adds the gradients of a step. */
  add(places: readonly MaskPlace[], state: Tensors, masked: ReadonlySet<number>): void;
  values(): ReadonlyMap<number, number>;
  save(): [number, number][];
  restore(saved: readonly (readonly [number, number])[]): void;
}

/** Starts from 0 for these sets. */
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
