import { openSelection, type SelectionRules, type WidthSelector } from '../ranking/selection.ts';
import { widestWithin } from '../ranking/targets.ts';
import type { PruningUnit } from '../ranking/units.ts';
import type { PrunableSets, SetCosts } from './prunable-sets.ts';

/** The channel sets that are masked, and the scores for masking more. */
export interface ChoosingState {
  /** In the order of masking. */
  readonly masked: ReadonlySet<number>;
  /** Masked sets that must stay masked. */
  readonly settled: ReadonlySet<number>;
  /** Scores by set. Sets without a score are kept. */
  readonly scores: ReadonlyMap<number, number>;
}

/** The limit of masking. */
export interface ChoosingLimit {
  /** The fraction of the cost that must not be exceeded, by prediction. */
  readonly limit: number;
  readonly rules: SelectionRules;
}

/**
 * Chooses the sets to mask, in order, so that the cost is within a limit: the lowest scores per saved cost first, as far as
 * rules permit. Masked sets that are not settled come first, and are unmasked again if widths are rounded up.
 */
export async function chooseSets(
  { sets, costs }: { readonly sets: PrunableSets; readonly costs: SetCosts },
  state: ChoosingState,
  { limit, rules }: ChoosingLimit,
): Promise<Set<number>> {
  const { settled } = state;
  const units = sets.units.map((unit) => ({ ...unit, sets: unit.sets.filter((root) => !settled.has(root)) }));
  const order = orderOf(units, costs, state);
  const scores = new Map(order.map((root, rank) => [root, rank]));
  const selection = openSelection({ units, scores }, rules);
  const selector: WidthSelector = {
    ...selection,
    removed: (widths) => new Set(sets.permitted(selection.removed(widths), settled)),
  };
  const partOf = (widths: readonly number[]) => costs.predicted(selector.removed(widths));
  const { widths } = await widestWithin({ selector, partOf, limit });
  const chosen = selector.removed(widths);
  return new Set([...settled, ...order.filter((root) => chosen.has(root))]);
}

/** Masked sets in their order, then all others by score for what they save. */
function orderOf(
  units: readonly PruningUnit[],
  costs: SetCosts,
  { masked, settled, scores }: ChoosingState,
): number[] {
  const ranked = units.flatMap(({ sets, reasons }) => {
    const free = sets.filter((root) => scores.has(root) && !reasons.has(root) && !masked.has(root));
    return free.map((root) => {
      const saving = Math.max(costs.saving(root, masked), Number.MIN_VALUE);
      return { root, scorePerCost: scores.get(root)! / saving };
    });
  });
  ranked.sort((a, b) => (a.scorePerCost < b.scorePerCost ? -1 : Number(a.scorePerCost > b.scorePerCost)));
  return [...[...masked].filter((root) => !settled.has(root)), ...ranked.map(({ root }) => root)];
}
