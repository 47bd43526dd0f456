import type { Cost } from './cost-model.ts';
import type { Selector, Widths } from './selection.ts';

/** How far to prune, always of the original network: a part of the channels goes, or a part of a cost stays. */
export type PruningTarget =
  | { readonly measure: 'ratio'; readonly fraction: number }
  | { readonly measure: 'macs' | 'parameters' | 'latency'; readonly fraction: number };

/** What the pruned network must not exceed, as a part of the original in (0, 1]. */
export interface CostTarget {
  readonly measure: keyof Cost;
  readonly fraction: number;
}

/** A selection that meets a target, and what it costs. */
export interface Reached {
  readonly widths: Widths;
  readonly cost: Cost;
  /** Whether it is within the target; where not, everything that may go went. */
  readonly met: boolean;
}

/** What tells how far to prune. */
export interface NarrowingSearch {
  /** The widths of all units at a ratio; no wider at a larger one. */
  readonly widths: (ratio: number) => Widths;
  /** Of units that differ, those that are narrowed first. */
  readonly order: (units: readonly number[], wide: Widths, narrow: Widths) => readonly number[];
  /** Whether such widths meet the target; asked once of each. */
  readonly isWithin: (widths: Widths) => boolean | Promise<boolean>;
  /** Halvings of the range of ratios. */
  readonly halvings: number;
}

/**
 * The widest selection found within a target, by bisection of the ratio. Widths jump where they are rounded, so between
 * the last ratio that is too much and the first that is not, units are narrowed one by one until it is met, as few as it
 * takes, by bisection again.
 */
export async function narrowUntil({ widths, order, isWithin, halvings }: NarrowingSearch) {
  const known = new Map<string, boolean>();
  const fits = async (candidate: Widths): Promise<boolean> => {
    const key = candidate.join();
    const within = known.get(key) ?? (await isWithin(candidate));
    known.set(key, within);
    return within;
  };
  let [low, high] = [0, 1];
  if (!(await fits(widths(high)))) return { widths: widths(high), met: false };
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (await fits(widths(middle))) high = middle;
    else low = middle;
  }
  const [wide, narrow] = [widths(low), widths(high)];
  const differing = [...wide.keys()].filter((i) => wide[i] !== narrow[i]);
  const units = order(differing, wide, narrow);
  const withFirst = (count: number): Widths => {
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
  return { widths: withFirst(many), met: true };
}

interface Search {
  readonly selector: Selector;
  /** What a selection costs. */
  readonly costOf: (removed: ReadonlySet<number>) => Cost;
  /** The measure of the original network, which the target is a part of. */
  readonly original: Cost;
}

/** The ratio is found to 1e-4. */
const HALVINGS = 14;

/** The selection of least ratio within a target in MACs or parameters; where widths jump, the last units are narrowed first. */
export async function reachCost(
  { measure, fraction }: CostTarget,
  { selector, costOf, original }: Search,
): Promise<Reached> {
  const limit = fraction * original[measure] * (1 + 1e-9);
  const costAt = (widths: Widths) => costOf(selector.removed(widths));
  const isWithin = (widths: Widths) => costAt(widths)[measure] <= limit;
  const whole = selector.widths(0);
  const found = isWithin(whole)
    ? { widths: whole, met: true }
    : await narrowUntil({
        widths: selector.widths,
        order: (units) => units.toReversed(),
        isWithin,
        halvings: HALVINGS,
      });
  return { ...found, cost: costAt(found.widths) };
}
