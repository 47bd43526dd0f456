import { greatestCommonDivisor } from '../../numeric/divisors.ts';
import type { PruningUnit } from './units.ts';

/** How narrow units may become. */
export interface WidthRules {
  /** Channels that stay are a multiple of this, or all there are. */
  readonly round: number;
  /** The part of a unit's original channel sets that stays at least, in [0, 1]. */
  readonly floor: number;
}

/**
 * The number of channel sets that a unit keeps, nearest to `wanted`, such that its channels are a multiple of `round`; at least
 * one such multiple, the floor, and the pinned sets.
 */
export function roundedWidth(
  unit: PruningUnit,
  wanted: number,
  { round, floor, original }: WidthRules & { readonly original: number },
): number {
  const count = unit.sets.length;
  const step = round / greatestCommonDivisor(round, unit.channelsPerSet);
  const least = Math.max(1, unit.reasons.size, Math.ceil(floor * original - 1e-9));
  const below = Math.floor(wanted / step + 1e-9) * step;
  const above = Math.min(below + step, count);
  const nearest = wanted - below <= above - wanted ? below : above;
  const enough = Math.max(nearest, Math.min(step, count));
  return Math.min(count, enough >= least ? enough : Math.min(count, Math.ceil(least / step) * step));
}

/** The widths that a unit may have, ascending. */
export function widthChoices(unit: PruningUnit, rules: WidthRules & { readonly original: number }): number[] {
  const wanted = Array.from({ length: unit.sets.length }, (_, i) => i + 1);
  const kept = new Set(wanted.map((width) => roundedWidth(unit, width, rules)));
  return [...kept].sort((a, b) => a - b);
}
