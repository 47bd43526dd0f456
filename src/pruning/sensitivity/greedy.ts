import type { NetworkCost } from '../../measure/macs.ts';
import { zip } from '../../numeric/zip.ts';
import type { UnitWidths, WidthSelector } from '../ranking/selection.ts';
import type { PruningUnit } from '../ranking/units.ts';
import type { UnitSensitivity } from './measure.ts';

/** The measure of damage: loss, or output error. */
export type DamageMeasure = 'loss' | 'outputError';

interface GreedySelection {
  readonly units: readonly PruningUnit[];
  readonly sensitivities: readonly UnitSensitivity[];
  readonly damage: DamageMeasure;
  /** Ranks the channel sets within each unit. */
  readonly selector: WidthSelector;
  readonly costOf: (removed: ReadonlySet<number>) => NetworkCost;
}

/**
 * A selector that follows a greedy path: starting with the whole network, each step narrows the unit with the least damage
 * per saved MAC, according to its sensitivity, until none can be narrowed (Yang et al., NetAdapt, ECCV 2018,
 * arXiv:1804.03230; here damage is measured once per unit, and assumed to be additive). `ratio` is the fraction of the path.
 */
export function greedySelector(greedy: GreedySelection): WidthSelector {
  const { choices: all, removed } = greedy.selector;
  const curves = zip(greedy.units, all).map(([unit, choices]) => ({
    choices,
    curve: curveOf(unit, choices, greedy),
  }));
  const path = greedyPath(
    greedy,
    curves.map(({ curve }) => curve),
  );
  const [whole] = path;
  const measured = zip(curves, whole).map(([{ curve, choices }, width]) => ({
    curve,
    choices: curve.length > 0 ? choices : [width],
  }));
  return {
    widths: (ratio) => path[Math.round(ratio * (path.length - 1))]!,
    removed: (widths) => removed(widths),
    choices: measured.map(({ choices }) => choices),
    mostLacking: (_ratio, widths) =>
      zip(measured, widths)
        .map(([unit, width], index) => ({ index, gain: gainOf(unit, width) }))
        .filter(({ gain }) => gain >= 0)
        .sort((a, b) => b.gain - a.gain)
        .map(({ index }) => index),
  };
}

/** The damage that the next wider choice undoes; negative if there is none. */
function gainOf(
  { curve, choices }: { readonly curve: Curve; readonly choices: readonly number[] },
  width: number,
): number {
  const wider = choices.find((choice) => choice > width);
  return wider === undefined ? -1 : damageAt(curve, width) - damageAt(curve, wider);
}

/** The position of a unit on its curve. */
interface UnitOnCurve {
  readonly unit: number;
  readonly curve: Curve;
  at: number;
}

/** The next narrower width of a unit, and its damage per saved MAC. */
interface Proposal {
  readonly narrowing: UnitOnCurve;
  readonly kept: number;
  readonly damagePerMac: number;
}

function greedyPath(
  { selector, costOf }: GreedySelection,
  curves: readonly Curve[],
): readonly [UnitWidths, ...UnitWidths[]] {
  // Units without measurement, or with a ratio of their own, get the widths of the selector.
  let widths = selector.widths(0);
  const macsOf = (wanted: UnitWidths) => costOf(selector.removed(wanted)).macs;
  let macs = macsOf(widths);
  const propose = (narrowing: UnitOnCurve): Proposal[] => {
    const { unit, curve, at } = narrowing;
    const [here, next] = curve.slice(at, at + 2);
    if (!here || !next) return [];
    const saved = macs - macsOf(widths.with(unit, next.kept));
    const damagePerMac = (next.damage - here.damage) / Math.max(saved, 1e-9);
    return [{ narrowing, kept: next.kept, damagePerMac }];
  };
  const path: [UnitWidths, ...UnitWidths[]] = [widths];
  let proposals = curves.flatMap((curve, unit) => propose({ unit, curve, at: 0 }));
  for (;;) {
    // Narrower neighbours only reduce a saving, so an earlier figure is a lower bound: only the best is recomputed.
    const [best, second, ...others] = proposals.sort((a, b) => a.damagePerMac - b.damagePerMac);
    const [fresh] = best ? propose(best.narrowing) : [];
    if (!fresh) return path;
    const rest = second ? [second, ...others] : [];
    if (second && fresh.damagePerMac > second.damagePerMac * (1 + 1e-9)) {
      proposals = [fresh, ...rest];
      continue;
    }
    const { narrowing, kept } = fresh;
    widths = widths.with(narrowing.unit, kept);
    macs = macsOf(widths);
    narrowing.at++;
    path.push(widths);
    proposals = [...rest, ...propose(narrowing)];
  }
}

interface CurvePoint {
  readonly kept: number;
  readonly damage: number;
}

/** Points in order of decreasing width. */
type Curve = readonly CurvePoint[];

/**
 * Damage by decreasing width; a measured improvement counts as no damage. Empty for a unit without measurement or with a
 * single width.
 */
function curveOf(
  { name }: PruningUnit,
  choices: readonly number[],
  { sensitivities, damage }: GreedySelection,
): Curve {
  const [narrowest = 0, ...wider] = choices;
  const sensitivity = sensitivities.find((other) => other.name === name);
  if (!sensitivity || wider.length === 0) return [];
  const sorted = [...sensitivity.points].sort((a, b) => b.kept - a.kept);
  const start = sorted[0]?.[damage] ?? 0;
  let worst = 0;
  return sorted.flatMap((point) => {
    worst = Math.max(worst, (point[damage] ?? 0) - start);
    return point.kept < narrowest ? [] : [{ kept: point.kept, damage: worst }];
  });
}

/** The damage at a width, interpolated linearly between the points of a curve. */
function damageAt(curve: Curve, width: number): number {
  const above = curve.findLast(({ kept }) => kept >= width) ?? curve[0];
  const below = curve.find(({ kept }) => kept <= width) ?? curve.at(-1);
  if (!above || !below) return 0;
  if (above.kept === below.kept) return above.damage;
  return below.damage + ((width - below.kept) / (above.kept - below.kept)) * (above.damage - below.damage);
}
