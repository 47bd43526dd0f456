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

interface Search {
  readonly selector: Selector;
  /** What a selection costs. */
  readonly costOf: (removed: ReadonlySet<number>) => Cost;
  /** The measure of the original network, which the target is a part of. */
  readonly original: Cost;
}

/** Halvings of the range of ratios: the ratio is found to 1e-4. */
const HALVINGS = 14;

/**
 * The selection of least ratio within a target, by bisection over the ranking. Widths jump where they are rounded, so
 * between the last ratio that costs too much and the first that does not, units are narrowed one by one until it is met.
 */
export function reachCost(
  { measure, fraction }: CostTarget,
  { selector, costOf, original }: Search,
): Reached {
  const limit = fraction * original[measure] * (1 + 1e-9);
  const costAt = (widths: Widths) => costOf(selector.removed(widths));
  let [low, high] = [0, 1];
  const least = selector.widths(high);
  const leastCost = costAt(least);
  if (leastCost[measure] > limit) return { widths: least, cost: leastCost, met: false };
  const whole = selector.widths(low);
  if (costAt(whole)[measure] <= limit) return { widths: whole, cost: costAt(whole), met: true };
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (costAt(selector.widths(middle))[measure] <= limit) high = middle;
    else low = middle;
  }
  const [wide, narrow] = [selector.widths(low), selector.widths(high)];
  return narrowed({ wide, narrow }, (widths) => {
    const cost = costAt(widths);
    return { widths, cost, met: cost[measure] <= limit };
  });
}

/** The first of the mixtures of two selections, from the last units on, that meets the target. */
function narrowed(
  { wide, narrow }: { readonly wide: Widths; readonly narrow: Widths },
  look: (widths: Widths) => Reached,
): Reached {
  const mixed = [...wide];
  const differing = [...wide.keys()].filter((i) => wide[i] !== narrow[i]);
  // One look a halving: how many units must be narrow is found as the ratio was.
  let [low, high] = [0, differing.length];
  const withNarrow = (count: number) => {
    const widths = [...mixed];
    for (const i of differing.slice(differing.length - count)) widths[i] = narrow[i]!;
    return look(widths);
  };
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (withNarrow(middle).met) high = middle;
    else low = middle;
  }
  return withNarrow(high);
}
