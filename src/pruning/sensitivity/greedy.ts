import type { NetworkCost } from '../../measure/macs.ts';
import type { UnitWidths, WidthSelector } from '../ranking/selection.ts';
import type { PruningUnit } from '../ranking/units.ts';
import type { SensitivityPoint, UnitSensitivity } from './measure.ts';

/** Which measure of a point says how much was lost. */
export type DamageMeasure = 'loss' | 'outputError';

interface Greedy {
  readonly units: readonly PruningUnit[];
  readonly sensitivities: readonly UnitSensitivity[];
  readonly damage: DamageMeasure;
  /** Ranks the channel sets within each unit. */
  readonly selector: WidthSelector;
  readonly costOf: (removed: ReadonlySet<number>) => NetworkCost;
}

/**
 * A selector that follows a greedy path: from the whole network on, each step narrows the one unit that loses least for
 * the MACs that it saves, as its sensitivity tells, until none can be narrowed (Yang et al., NetAdapt, ECCV 2018,
 * arXiv:1804.03230; here damages are measured once, unit by unit, and add up). `ratio` is the part of the path.
 */
export function greedySelector(greedy: Greedy): WidthSelector {
  const curves = greedy.units.map((unit, i) => curveOf(unit, i, greedy));
  const path = greedyPath(greedy, curves);
  const { choices, removed } = greedy.selector;
  const measured = choices.map((own, i) => (curves[i]!.length > 0 ? own : [path[0]![i]!]));
  const gain = (unit: number, width: number): number => {
    const wider = measured[unit]!.find((choice) => choice > width);
    return wider === undefined ? -1 : damageAt(curves[unit]!, width) - damageAt(curves[unit]!, wider);
  };
  return {
    widths: (ratio) => path[Math.round(ratio * (path.length - 1))]!,
    removed: (widths) => removed(widths),
    choices: measured,
    mostLacking(_ratio, widths) {
      const gains = widths.map((width, unit) => gain(unit, width));
      return [...widths.keys()].filter((i) => gains[i]! >= 0).sort((a, b) => gains[b]! - gains[a]!);
    },
  };
}

/** One unit's next narrower width, and what it loses for what it saves. */
interface Proposal {
  readonly unit: number;
  readonly kept: number;
  readonly price: number;
}

function greedyPath({ selector, costOf }: Greedy, curves: readonly Curve[]): UnitWidths[] {
  // Units that were not measured, or have a ratio of their own, have the widths that the selector gives.
  let widths = selector.widths(0);
  const at = widths.map(() => 0);
  const macsOf = (wanted: UnitWidths) => costOf(selector.removed(wanted)).macs;
  const narrowed = (unit: number, kept: number) => widths.with(unit, kept);
  let macs = macsOf(widths);
  const propose = (unit: number): Proposal | null => {
    const [here, next] = [curves[unit]![at[unit]!], curves[unit]![at[unit]! + 1]];
    if (!here || !next) return null;
    const saved = macs - macsOf(narrowed(unit, next.kept));
    return { unit, kept: next.kept, price: (next.damage - here.damage) / Math.max(saved, 1e-9) };
  };
  const path: UnitWidths[] = [widths];
  let proposals = [...widths.keys()].flatMap((unit) => propose(unit) ?? []);
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

interface CurvePoint {
  readonly kept: number;
  readonly damage: number;
}

/** Points by falling width. */
type Curve = readonly CurvePoint[];

/**
 * Damage by falling width; what is measured to get better with less counts as no damage. Empty for a unit that was not
 * measured or has only one width.
 */
function curveOf({ name }: PruningUnit, index: number, { sensitivities, selector, damage }: Greedy): Curve {
  const sensitivity = sensitivities.find((other) => other.name === name);
  const choices = selector.choices[index]!;
  if (!sensitivity || choices.length < 2) return [];
  const sorted = [...sensitivity.points].sort((a, b) => b.kept - a.kept);
  const start: SensitivityPoint = sorted[0]!;
  let worst = 0;
  return sorted.flatMap((point) => {
    worst = Math.max(worst, (point[damage] ?? 0) - (start[damage] ?? 0));
    return point.kept < choices[0]! ? [] : [{ kept: point.kept, damage: worst }];
  });
}

/** The damage at a width, linear between the points of a curve. */
function damageAt(curve: Curve, width: number): number {
  const above = curve.findLast(({ kept }) => kept >= width) ?? curve[0];
  const below = curve.find(({ kept }) => kept <= width) ?? curve.at(-1);
  if (!above || !below) return 0;
  if (above.kept === below.kept) return above.damage;
  return below.damage + ((width - below.kept) / (above.kept - below.kept)) * (above.damage - below.damage);
}
