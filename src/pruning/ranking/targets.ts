import type { NetworkCost } from '../../measure/macs.ts';
import { type BudgetToFill, fillTarget, stepped } from './fill-target.ts';
import type { UnitWidths, WidthSelector } from './selection.ts';

/** How far to prune, relative to the original network: the fraction of channels to remove, or the fraction of a cost to keep. */
export type PruningTarget =
  | { readonly measure: 'ratio'; readonly fraction: number }
  | { readonly measure: 'macs' | 'parameters' | 'latency'; readonly fraction: number };

/** The limit of a cost, as a fraction of the original in (0, 1]. */
export interface CostTarget {
  readonly measure: keyof NetworkCost;
  readonly fraction: number;
}

/** A selection for a target, and its cost. */
export interface Reached {
  readonly widths: UnitWidths;
  readonly cost: NetworkCost;
  /** Whether it meets the target; if not, all removable channels are removed. */
  readonly met: boolean;
  /** The smallest wider step, if the cost stays further below the target than a step should leave it. */
  readonly nextStep?: WideningStep;
}

/** A step that makes one unit wider. */
export interface WideningStep {
  /** Index of the unit. */
  readonly unit: number;
  /** The cost of the step, as a fraction of the original. */
  readonly part: number;
}

/** The search for the widest selection within a target. */
export interface NarrowingSearch {
  /** The widths of all units at a ratio; they must not increase with the ratio. */
  readonly widths: (ratio: number) => UnitWidths;
  /** Orders units that differ between two selections: the first are narrowed first. */
  readonly order: (units: readonly number[], wide: UnitWidths, narrow: UnitWidths) => readonly number[];
  /** Whether widths meet the target; called once for each. */
  readonly isWithin: (widths: UnitWidths) => boolean | Promise<boolean>;
  /** Bisection steps over the range of ratios. */
  readonly halvings: number;
}

/**
 * Finds the widest selection within a target by bisection of the ratio. Rounded widths change in jumps, so between the last
 * ratio that exceeds the target and the first that meets it, as few units as possible are narrowed, again by bisection.
 */
export async function narrowUntil({ widths, order, isWithin, halvings }: NarrowingSearch) {
  const known = new Map<string, boolean>();
  const fits = async (candidate: UnitWidths): Promise<boolean> => {
    const key = candidate.join();
    const within = known.get(key) ?? (await isWithin(candidate));
    known.set(key, within);
    return within;
  };
  let [low, high] = [0, 1];
  if (!(await fits(widths(high)))) return { widths: widths(high), ratio: high, met: false };
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (await fits(widths(middle))) high = middle;
    else low = middle;
  }
  const [wide, narrow] = [widths(low), widths(high)];
  const differing = [...wide.keys()].filter((i) => wide[i] !== narrow[i]);
  const units = order(differing, wide, narrow);
  const withFirst = (count: number): UnitWidths => {
    const mixed = [...wide];
    for (const unit of units.slice(0, count)) mixed[unit] = narrow[unit]!;
    return mixed;
  };
  let [few, many] = [0, units.length];
  while (many - few > 1) {
    const middle = Math.floor((few + many) / 2);
    if (await fits(withFirst(middle))) many = middle;
    else few = middle;
  }
  return { widths: withFirst(many), ratio: low, met: true };
}

/** The input of a search for a target in costs. */
export interface Search {
  readonly selector: WidthSelector;
  /** The cost of a selection. */
  readonly costOf: (removed: ReadonlySet<number>) => NetworkCost;
  /** The cost of the original network, to which the target refers. */
  readonly original: NetworkCost;
}

/** Bisection steps, for a precision of the ratio of 1e-4. */
const HALVINGS = 14;

/** A selection that is below the target by less than this fraction of the original needs no explanation. */
export const TARGET_TOLERANCE = 0.02;

/**
 * Finds the widest selection within a target in MACs or parameters: the smallest ratio, where the last units are narrowed
 * first, and then single units are widened again as far as the target permits.
 */
export async function reachCost(target: CostTarget, search: Search): Promise<Reached> {
  const { selector, costOf } = search;
  const { partOf, limit } = budgetOf(target, search);
  const costAt = (widths: UnitWidths) => costOf(selector.removed(widths));
  const { widths, met } = await widestWithin({ selector, partOf, limit });
  if (!met) return { widths, met, cost: costAt(widths) };
  return reachedAt(widths, target, search);
}

/** What widths cost, and the cost that they must not exceed. */
export interface Budget extends Pick<BudgetToFill, 'partOf' | 'limit'> {
  readonly selector: WidthSelector;
}

/** The widest selection found within a budget; all that may be removed is where it cannot be met. */
export async function widestWithin({
  selector,
  partOf,
  limit,
}: Budget): Promise<{ readonly widths: UnitWidths; readonly met: boolean }> {
  const isWithin = (widths: UnitWidths) => partOf(widths) <= limit;
  const whole = selector.widths(0);
  if (isWithin(whole)) return { widths: whole, met: true };
  const { widths, met, ratio } = await narrowUntil({
    widths: selector.widths,
    order: (units) => units.toReversed(),
    isWithin,
    halvings: HALVINGS,
  });
  return { widths: met ? fillTarget(widths, { selector, partOf, limit, ratio }) : widths, met };
}

/** The cost of widths within a target, and the next step if the cost is far below the target. */
export function reachedAt(widths: UnitWidths, target: CostTarget, search: Search): Reached {
  const { selector, costOf } = search;
  const { partOf, limit } = budgetOf(target, search);
  const nextStep =
    limit - partOf(widths) > TARGET_TOLERANCE ? smallestStep(widths, { selector, partOf }) : null;
  const cost = costOf(selector.removed(widths));
  return { widths, cost, met: true, ...(nextStep ? { nextStep } : {}) };
}

/** The cost of widths as a fraction of the original, and the fraction that the target permits. */
export function budgetOf({ measure, fraction }: CostTarget, { selector, costOf, original }: Search) {
  return {
    partOf: (widths: UnitWidths) => costOf(selector.removed(widths))[measure] / original[measure],
    limit: fraction * (1 + 1e-9),
  };
}

function smallestStep(
  widths: UnitWidths,
  { selector, partOf }: { readonly selector: WidthSelector; readonly partOf: (widths: UnitWidths) => number },
): WideningStep | null {
  const now = partOf(widths);
  const steps = [...widths.keys()].flatMap((unit) => {
    const wider = stepped(widths, selector, { unit, by: 1 });
    return wider ? [{ unit, part: partOf(wider) - now }] : [];
  });
  return steps.sort((a, b) => a.part - b.part)[0] ?? null;
}
