import { greatestCommonDivisor } from '../../numeric/divisors.ts';
import type { PrunableSets } from './prunable-sets.ts';

/**
 * The masked sets that are taken out of the network in training: those that were masked first, so that the channels of each unit
 * that are left, masked ones among them, are a multiple of `round`. The last masking may take back the rest.
 */
export function removableSets(
  { units, removable = () => true }: PrunableSets,
  masked: readonly number[],
  round: number,
): Set<number> {
  const removed = new Set<number>();
  for (const { sets, channelsPerSet } of units) {
    const own = new Set(sets);
    const gone = masked.filter((root) => own.has(root) && removable(root));
    const step = round / greatestCommonDivisor(round, channelsPerSet);
    const kept = Math.ceil((sets.length - gone.length) / step) * step;
    for (const root of gone.slice(0, Math.max(0, sets.length - kept))) removed.add(root);
  }
  return removed;
}
