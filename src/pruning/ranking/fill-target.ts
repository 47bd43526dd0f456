import type { UnitWidths, WidthSelector } from './selection.ts';

/** The input of using up a budget. */
export interface BudgetToFill {
  readonly selector: Pick<WidthSelector, 'choices' | 'mostLacking'>;
  /** The cost of a selection, as a fraction of the original; it must not decrease as units get wider. */
  readonly partOf: (widths: UnitWidths) => number;
  /** The fraction that must not be exceeded. */
  readonly limit: number;
  /** The pruning ratio to which widths are compared, so that the unit furthest below its share is widened first. */
  readonly ratio: number;
}

/** Selections within this fraction of the limit are not improved. */
const NEAR = 0.005;
/** Once closer to the limit than this, no step is tried: each costs an evaluation of the whole network. */
const REACHED = 0.001;
/** Maximum number of exchanges, in which one unit gets wider and another narrower, after no single step fits. */
const EXCHANGES = 12;
/** Number of exchanges per round whose estimates are verified. */
const VERIFIED = 6;

/**
 * Widens a selection until its cost is close to a limit: first single units by single steps, those furthest below their share
 * first; once no step fits, one unit is widened and another narrowed. The limit is never exceeded.
 */
export function fillTarget(start: UnitWidths, filling: BudgetToFill): UnitWidths {
  let widths = widen(start, filling);
  for (let i = 0; i < EXCHANGES && filling.limit - filling.partOf(widths) > NEAR; i++) {
    const better = exchange(widths, filling);
    if (!better) break;
    widths = widen(better, filling);
  }
  return widths;
}

/** Takes steps until none fits. Costs only rise, so a unit that did not fit once never will. */
function widen(start: UnitWidths, { selector, partOf, limit, ratio }: BudgetToFill): UnitWidths {
  let widths = start;
  const closed = new Set<number>();
  while (limit - partOf(widths) > REACHED) {
    const open = selector.mostLacking(ratio, widths).filter((unit) => !closed.has(unit));
    let widened = false;
    for (const unit of open) {
      const wider = stepped(widths, selector, { unit, by: 1 });
      if (wider && partOf(wider) <= limit) {
        widths = wider;
        widened = true;
        break;
      }
      closed.add(unit);
    }
    if (!widened) return widths;
  }
  return widths;
}

/** The best exchange of a step up and a step down; null if none increases the cost within the limit. */
function exchange(widths: UnitWidths, { selector, partOf, limit }: BudgetToFill): UnitWidths | null {
  const now = partOf(widths);
  const change = (by: 1 | -1) =>
    [...widths.keys()].flatMap((unit) => {
      const next = stepped(widths, selector, { unit, by });
      return next ? [{ unit, by, part: partOf(next) - now }] : [];
    });
  const [up, down] = [change(1), change(-1)];
  const pairs = up
    .flatMap((wider) => down.map((narrower) => ({ wider, narrower, gain: wider.part + narrower.part })))
    .filter(({ wider, narrower, gain }) => {
      return wider.unit !== narrower.unit && gain > 1e-9 && now + gain <= limit;
    })
    .sort((a, b) => b.gain - a.gain);
  for (const { wider, narrower } of pairs.slice(0, VERIFIED)) {
    const narrowed = stepped(widths, selector, narrower)!;
    const exchanged = stepped(narrowed, selector, wider)!;
    // The savings of adjacent layers multiply, so an estimate may be too low.
    const part = partOf(exchanged);
    if (part > now && part <= limit) return exchanged;
  }
  return null;
}

/** The widths with one unit one choice wider or narrower; null if it has none. */
export function stepped(
  widths: UnitWidths,
  { choices }: Pick<WidthSelector, 'choices'>,
  { unit, by }: { readonly unit: number; readonly by: 1 | -1 },
): UnitWidths | null {
  const own = choices[unit]!;
  const next = by === 1 ? own.find((width) => width > widths[unit]!) : own.findLast((w) => w < widths[unit]!);
  return next === undefined ? null : widths.with(unit, next);
}
