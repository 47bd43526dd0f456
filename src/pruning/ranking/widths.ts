import { greatestCommonDivisor } from '../../numeric/divisors.ts';
import type { PruningUnit } from './units.ts';

/** Limits on the widths of units. */
export interface WidthRules {
  /** The number of kept channels is a multiple of this, or all of them. */
  readonly round: number;
  /** The smallest kept fraction of a unit's original channel sets, in [0, 1]. */
  readonly floor: number;
}

/**
 * The number of channel sets that a unit keeps, as close as possible to `wanted`, such that its channels are a multiple of
 * `round`, and at least one such multiple, the floor, and the pinned sets are kept.
 */
export function roundedWidth(
  unit: PruningUnit,
  wanted: number,
  { round, floor, original }: WidthRules & { readonly original: number },
): number {
  const count = unit.sets.length;
  const step = setsPerStep(unit, round);
  const least = leastWidth(unit, { floor, original });
  const below = Math.floor(wanted / step + 1e-9) * step;
  const above = Math.min(below + step, count);
  const nearest = wanted - below <= above - wanted ? below : above;
  const enough = least === 0 ? nearest : Math.max(nearest, Math.min(step, count));
  return Math.min(count, enough >= least ? enough : Math.min(count, Math.ceil(least / step) * step));
}

/** The number of channel sets whose channels are the least multiple of `round`. */
export const setsPerStep = ({ channelsPerSet }: PruningUnit, round: number): number =>
  round / greatestCommonDivisor(round, channelsPerSet);

/** The fewest channel sets that a unit keeps before rounding. */
export function leastWidth(
  { reasons, isOptional = false }: PruningUnit,
  { floor, original }: Pick<WidthRules, 'floor'> & { readonly original: number },
): number {
  return isOptional ? reasons.size : Math.max(1, reasons.size, Math.ceil(floor * original - 1e-9));
}

/** The possible widths of a unit, ascending. */
export function widthChoices(unit: PruningUnit, rules: WidthRules & { readonly original: number }): number[] {
  const wanted = Array.from({ length: unit.sets.length + 1 }, (_, i) => i);
  const kept = new Set(wanted.map((width) => roundedWidth(unit, width, rules)));
  return [...kept].sort((a, b) => a - b);
}
