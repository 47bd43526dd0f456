import { nameMatcher } from '../../graph/name-globs.ts';
import { zip } from '../../numeric/zip.ts';
import { layerTitle, type PruningUnit } from './units.ts';
import { roundedWidth, type WidthRules, widthChoices } from './widths.ts';

/** `local`: each unit loses the same fraction of its channels; `global`: channels of all units are ranked in one list. */
export type RankingScope = 'local' | 'global';

/** The rules by which scored channels are selected. */
export interface SelectionRules extends WidthRules {
  readonly scope: RankingScope;
  /** Globs of layers with a ratio of their own, whatever the scope; 0 keeps a layer as it is. */
  readonly layerRatios: readonly { readonly glob: string; readonly ratio: number }[];
  /** Channel sets of each unit in the original network, by its name; units that are missing are as they were. */
  readonly original: ReadonlyMap<string, number>;
}

/** Units, and the scores of their channel sets: low scores are removed first. */
export interface Ranking {
  readonly units: readonly PruningUnit[];
  readonly scores: ReadonlyMap<number, number>;
  /** Channel sets of pass-through filters, with the set that each passes on: they are removed together. Default: none. */
  readonly carriers?: ReadonlyMap<number, number>;
}

/** The number of kept channel sets of each unit, in the order of the units. */
export type UnitWidths = readonly number[];

/** A selection for any ratio, in [0, 1], of the original channels; a larger ratio removes the same channels or more. */
export interface WidthSelector {
  widths(ratio: number): UnitWidths;
  /** The channel sets that go: in each unit those that carry what went already, then the lowest scores. */
  removed(widths: UnitWidths): Set<number>;
  /** The widths that each unit may have, ascending; only one where the unit has a ratio of its own or stays whole. */
  readonly choices: readonly (readonly number[])[];
  /** Units that may be widened, those first whose widths are furthest below what a ratio asks for. */
  mostLacking(ratio: number, widths: UnitWidths): readonly number[];
}

/** Orders the channel sets of a network once, for many ratios. */
export function openSelection(
  { scores, carriers, ...ranking }: Ranking,
  rules: SelectionRules,
): WidthSelector {
  const units = ranking.units.map(
    (unit): RankedUnit => ({
      ...unit,
      order: orderOf(unit, scores),
      ratio: ownRatio(unit, rules),
      original: rules.original.get(unit.name) ?? unit.sets.length,
    }),
  );
  const wanted = rules.scope === 'local' ? localWidths(units) : globalWidths(units, rules);
  const rounded = (unit: RankedUnit, width: number) =>
    roundedWidth(unit, width, { ...rules, original: unit.original });
  const fixed = (unit: RankedUnit): number | null => {
    if (unit.order.length === 0) return unit.sets.length;
    return unit.ratio === null ? null : rounded(unit, (1 - unit.ratio) * unit.original);
  };
  return {
    widths: (ratio) => zip(units, wanted(ratio)).map(([unit, width]) => fixed(unit) ?? rounded(unit, width)),
    removed: (widths) => removedSets(zip(units, widths), carriers),
    choices: units.map((unit) => {
      const only = fixed(unit);
      return only === null ? widthChoices(unit, { ...rules, original: unit.original }) : [only];
    }),
    mostLacking: (ratio, widths) =>
      zip(units, widths, wanted(ratio))
        .map(([unit, width, share], index) => ({ unit, width, index, lack: (share - width) / unit.original }))
        .filter(({ unit, width }) => fixed(unit) === null && width < unit.sets.length)
        .sort((a, b) => b.lack - a.lack)
        .map(({ index }) => index),
  };
}

/** A channel set that may be removed. */
interface ScoredSet {
  readonly root: number;
  readonly score: number;
}

/** A unit, and what selects its channel sets. */
interface RankedUnit extends PruningUnit {
  /** The channel sets that may be removed, lowest scores first. */
  readonly order: readonly ScoredSet[];
  /** A ratio of its own. */
  readonly ratio: number | null;
  /** Channel sets in the original network. */
  readonly original: number;
}

/** The width before rounding: what the ratio, or the unit's own, leaves. */
const localWidth = ({ sets, ratio: own, original }: RankedUnit, ratio: number): number =>
  Math.min(sets.length, (1 - (own ?? ratio)) * original);

const localWidths =
  (units: readonly RankedUnit[]) =>
  (ratio: number): number[] =>
    units.map((unit) => localWidth(unit, ratio));

/** Widths before rounding, where the lowest scores of all units go first. Only channels that may go count. */
function globalWidths(units: readonly RankedUnit[], { floor }: SelectionRules): (ratio: number) => number[] {
  const entries = units.map((unit) => ({
    unit,
    width: 0,
    least: Math.max(1, Math.ceil(floor * unit.original - 1e-9)),
  }));
  const counted = units.filter(({ ratio }) => ratio === null);
  const channels = (setsOf: (unit: RankedUnit) => number) =>
    counted.reduce((sum, unit) => sum + setsOf(unit) * unit.channelsPerSet, 0);
  const free = channels(({ order }) => order.length);
  // What went in earlier steps counts; what stays in any case does not.
  const total = channels(({ order, original, sets }) =>
    order.length === 0 ? 0 : original - sets.length + order.length,
  );
  const merged = entries
    .flatMap((entry) =>
      entry.unit.ratio === null ? entry.unit.order.map(({ score }) => ({ entry, score })) : [],
    )
    .sort((a, b) => a.score - b.score);
  return (ratio) => {
    for (const entry of entries)
      entry.width = entry.unit.ratio === null ? entry.unit.sets.length : localWidth(entry.unit, 0);
    let excess = free - (1 - ratio) * total;
    for (const { entry } of merged) {
      const { channelsPerSet } = entry.unit;
      if (excess < channelsPerSet / 2) break;
      if (entry.width <= entry.least) continue;
      entry.width--;
      excess -= channelsPerSet;
    }
    return entries.map(({ width }) => width);
  };
}

function removedSets(
  units: readonly (readonly [RankedUnit, width: number])[],
  carriers: Ranking['carriers'],
): Set<number> {
  const gone = new Set<number>();
  for (const [{ sets, order }, width] of units) {
    const isEmpty = ({ root }: ScoredSet) => gone.has(carriers?.get(root) ?? -1);
    const empty = order.filter(isEmpty);
    const others = order.filter((set) => !isEmpty(set));
    const count = Math.max(empty.length, sets.length - width);
    for (const { root } of [...empty, ...others].slice(0, count)) gone.add(root);
  }
  return gone;
}

/** The channel sets of a unit that may go and have a score, lowest first; equal scores in the order of the filters. */
function orderOf({ sets, reasons }: PruningUnit, scores: ReadonlyMap<number, number>): ScoredSet[] {
  const free = sets.flatMap((root) => {
    const score = scores.get(root);
    return score === undefined || reasons.has(root) ? [] : [{ root, score }];
  });
  return free.sort((a, b) => a.score - b.score);
}

/** The ratio that a glob gives a unit; null where none names one of its layers. */
function ownRatio({ layers }: PruningUnit, { layerRatios }: SelectionRules): number | null {
  const rule = layerRatios.find(({ glob }) => {
    const matches = nameMatcher(glob);
    return layers.some((layer) => matches(layerTitle(layer)));
  });
  return rule?.ratio ?? null;
}
