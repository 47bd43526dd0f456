import type { UnitWidths, WidthSelector } from './selection.ts';

/** What is left of a budget after pruning. */
export interface Filling {
  readonly selector: Pick<WidthSelector, 'choices' | 'mostLacking'>;
  /** What a selection costs, as a part of the original; no narrower selection costs more. */
  readonly partOf: (widths: UnitWidths) => number;
  /** The part that must not be exceeded. */
  readonly limit: number;
  /** The pruning ratio that widths are compared with, to widen the unit that is furthest below its share first. */
  readonly ratio: number;
}

/** Selections nearer to the target than this part of the original are not improved. */
const NEAR = 0.005;
/** Nearer than this, no step is looked for: each costs an evaluation of the whole network. */
const REACHED = 0.001;
/** Exchanges of one step of a unit for one of another, after every single step is too large. */
const EXCHANGES = 12;
/** Exchanges whose estimates are verified in a round. */
const VERIFIED = 6;

/**
 * Widens a selection within a limit until the cost is near it: single units by single steps, those that lack most first;
 * once every step is too large, one unit is widened for another that is narrowed. Widths never exceed the limit.
 */
export function fillTarget(start: UnitWidths, filling: Filling): UnitWidths {
  let widths = widen(start, filling);
  for (let i = 0; i < EXCHANGES && filling.limit - filling.partOf(widths) > NEAR; i++) {
    const better = exchange(widths, filling);
    if (!better) break;
    widths = widen(better, filling);
  }
  return widths;
}

/** Steps are taken until none fits: costs only rise, so a unit that did not fit once never will. */
function widen(start: UnitWidths, { selector, partOf, limit, ratio }: Filling): UnitWidths {
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

/** The best found of all exchanges of one step up for one step down; null where none costs more within the limit. */
function exchange(widths: UnitWidths, { selector, partOf, limit }: Filling): UnitWidths | null {
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
    // The gains of layers that touch each other multiply, so that an estimate may be too low.
    const part = partOf(exchanged);
    if (part > now && part <= limit) return exchanged;
  }
  return null;
}

/** The widths with one unit a choice wider or narrower; null where it has none. */
export function stepped(
  widths: UnitWidths,
  { choices }: Pick<WidthSelector, 'choices'>,
  { unit, by }: { readonly unit: number; readonly by: 1 | -1 },
): UnitWidths | null {
  const own = choices[unit]!;
  const next = by === 1 ? own.find((width) => width > widths[unit]!) : own.findLast((w) => w < widths[unit]!);
  return next === undefined ? null : widths.with(unit, next);
}
