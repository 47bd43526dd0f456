import type { Cost } from '../ranking/cost-model.ts';
import type { Selector, Widths } from '../ranking/selection.ts';
import type { Unit } from '../ranking/units.ts';
import type { SensitivityPoint, UnitSensitivity } from './measure.ts';

/** Which measure of a point says how much was lost. */
export type Damage = 'loss' | 'outputError';

interface Greedy {
  readonly units: readonly Unit[];
  readonly sensitivities: readonly UnitSensitivity[];
  readonly damage: Damage;
  /** Ranks the classes within each unit. */
  readonly selector: Selector;
  readonly costOf: (removed: ReadonlySet<number>) => Cost;
}

/**
 * A selector that follows a greedy path: from the whole network on, each step narrows the one unit that loses least for
 * the MACs that it saves, as its sensitivity tells, until none can be narrowed (Yang et al., NetAdapt, ECCV 2018,
 * arXiv:1804.03230; here damages are measured once, unit by unit, and add up). `ratio` is the part of the path.
 */
export function greedySelector(greedy: Greedy): Selector {
  const path = greedyPath(greedy);
  return {
    widths: (ratio) => path[Math.round(ratio * (path.length - 1))]!,
    removed: (widths) => greedy.selector.removed(widths),
  };
}

/** One unit's next narrower width, and what it loses for what it saves. */
interface Proposal {
  readonly unit: number;
  readonly kept: number;
  readonly price: number;
}

function greedyPath({ units, sensitivities, damage, selector, costOf }: Greedy): Widths[] {
  const curves = units.map(({ name }) =>
    curveOf(
      sensitivities.find((other) => other.name === name),
      damage,
    ),
  );
  const at = units.map(() => 0);
  let widths = units.map(({ classes }) => classes.length);
  const macsOf = (wanted: Widths) => costOf(selector.removed(wanted)).macs;
  const narrowed = (unit: number, kept: number) => widths.map((width, i) => (i === unit ? kept : width));
  let macs = macsOf(widths);
  const propose = (unit: number): Proposal | null => {
    const [here, next] = [curves[unit]![at[unit]!], curves[unit]![at[unit]! + 1]];
    if (!here || !next) return null;
    const saved = macs - macsOf(narrowed(unit, next.kept));
    return { unit, kept: next.kept, price: (next.damage - here.damage) / Math.max(saved, 1e-9) };
  };
  const path: Widths[] = [widths];
  let proposals = units.flatMap((_, unit) => propose(unit) ?? []);
  while (proposals.length > 0) {
    // Narrower neighbours only make a saving smaller, so an old price is a lower bound: look again at the best alone.
    proposals.sort((a, b) => a.price - b.price);
    const [best, second] = proposals as [Proposal, Proposal?];
    const fresh = propose(best.unit)!;
    proposals[0] = fresh;
    if (second && fresh.price > second.price * (1 + 1e-9)) continue;
    widths = narrowed(fresh.unit, fresh.kept);
    macs = macsOf(widths);
    at[fresh.unit]!++;
    path.push(widths);
    proposals = [...proposals.slice(1), ...[propose(fresh.unit) ?? []].flat()];
  }
  return path;
}

/** Damage by falling width; what is measured to get better with less counts as no damage. */
function curveOf(
  sensitivity: UnitSensitivity | undefined,
  measure: Damage,
): { readonly kept: number; readonly damage: number }[] {
  if (!sensitivity) return [];
  const sorted = [...sensitivity.points].sort((a, b) => b.kept - a.kept);
  const start: SensitivityPoint = sorted[0]!;
  let worst = 0;
  return sorted.map((point) => {
    worst = Math.max(worst, (point[measure] ?? 0) - (start[measure] ?? 0));
    return { kept: point.kept, damage: worst };
  });
}
