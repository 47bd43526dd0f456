import type { Unit } from '../ranking/units.ts';
import { keptClasses, type WidthRules } from '../ranking/widths.ts';

/** The widths that a unit may have, ascending. */
export function widthChoices(unit: Unit, rules: WidthRules & { readonly original: number }): number[] {
  const count = unit.classes.length;
  const wanted = Array.from({ length: count }, (_, i) => i + 1);
  const kept = new Set(wanted.map((width) => keptClasses(unit, width, rules)));
  return [...kept].sort((a, b) => a - b);
}
