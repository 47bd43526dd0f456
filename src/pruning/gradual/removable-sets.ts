import { setsPerStep } from '../ranking/widths.ts';
import type { PrunableSets } from './prunable-sets.ts';

/**
 * The masked sets to remove from the network in training: the first masked ones, so that the remaining channels of each unit,
 * masked ones included, are a multiple of `round`. The last masking may unmask the others.
 */
export function removableSets(
  { units, removable = () => true }: PrunableSets,
  masked: ReadonlySet<number>,
  round: number,
): Set<number> {
  const removed = new Set<number>();
  for (const unit of units) {
    const { sets } = unit;
    const own = new Set(sets);
    const gone = [...masked].filter((root) => own.has(root) && removable(root));
    const step = setsPerStep(unit, round);
    const kept = Math.ceil((sets.length - gone.length) / step) * step;
    for (const root of gone.slice(0, Math.max(0, sets.length - kept))) removed.add(root);
  }
  return removed;
}
