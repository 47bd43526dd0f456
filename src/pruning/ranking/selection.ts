import { nameMatcher } from '../../graph/name-globs.ts';
import { zip } from '../../numeric/zip.ts';
import { layerTitle, type PruningUnit } from './units.ts';
import { leastWidth, roundedWidth, type WidthRules, widthChoices } from './widths.ts';

/** `local`: each unit loses the same fraction of its channels; `global`: channels of all units are ranked together. */
export type RankingScope = 'local' | 'global';

/** The rules by which scored channels are selected. */
export interface SelectionRules extends WidthRules {
  readonly scope: RankingScope;
  /** Ratios for layers that match globs, in any scope; 0 keeps a layer unchanged. */
  readonly layerRatios: readonly { readonly glob: string; readonly ratio: number }[];
  /** Number of channel sets of each unit in the original network, by its name. Missing units are unchanged since then. */
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

/** A selection for every ratio in [0, 1] of the original channels. A larger ratio never removes fewer channels. */
export interface WidthSelector {
  widths(ratio: number): UnitWidths;
  /**
   * The channel sets to remove for given widths: in each unit first those that pass removed channels through, then the lowest
   * scores.
   */
  removed(widths: UnitWidths): Set<number>;
  /** The possible widths of each unit, ascending; a single one if the unit has a ratio of its own or cannot be pruned. */
  readonly choices: readonly (readonly number[])[];
  /** Units that can be widened, ordered by how far their widths are below what a ratio requires. */
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

/** A removable channel set. */
interface ScoredSet {
  readonly root: number;
  readonly score: number;
}

/** A unit with the order of its channel sets. */
interface RankedUnit extends PruningUnit {
  /** The removable channel sets, lowest scores first. */
  readonly order: readonly ScoredSet[];
  /** A ratio that applies to this unit only. */
  readonly ratio: number | null;
  /** Number of channel sets in the original network. */
  readonly original: number;
}

/** The width before rounding, by the ratio or the unit's own ratio. */
const localWidth = ({ sets, ratio: own, original }: RankedUnit, ratio: number): number =>
  Math.min(sets.length, (1 - (own ?? ratio)) * original);

const localWidths =
  (units: readonly RankedUnit[]) =>
  (ratio: number): number[] =>
    units.map((unit) => localWidth(unit, ratio));

/** Widths before rounding if the lowest scores of all units are removed first. Only removable channels count. */
function globalWidths(units: readonly RankedUnit[], { floor }: SelectionRules): (ratio: number) => number[] {
  const entries = units.map((unit) => ({
    unit,
    width: 0,
    least: leastWidth(unit, { floor, original: unit.original }),
  }));
  const counted = units.filter(({ ratio }) => ratio === null);
  const channels = (setsOf: (unit: RankedUnit) => number) =>
    counted.reduce((sum, unit) => sum + setsOf(unit) * unit.channelsPerSet, 0);
  const free = channels(({ order }) => order.length);
  // Channels removed in earlier steps count; those that cannot be removed do not.
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
    const empty = carriers?.size ? order.filter(isEmpty) : [];
    const others = empty.length > 0 ? order.filter((set) => !isEmpty(set)) : order;
    const count = Math.max(empty.length, sets.length - width);
    for (const { root } of [...empty, ...others].slice(0, count)) gone.add(root);
  }
  return gone;
}

/** The removable channel sets of a unit that have a score, lowest first; equal scores in the order of filters. */
function orderOf({ sets, reasons }: PruningUnit, scores: ReadonlyMap<number, number>): ScoredSet[] {
  const free = sets.flatMap((root) => {
    const score = scores.get(root);
    return score === undefined || reasons.has(root) ? [] : [{ root, score }];
  });
  return free.sort((a, b) => a.score - b.score);
}

/** The ratio of the glob that matches a layer of the unit; null if none does. */
function ownRatio({ layers }: PruningUnit, { layerRatios }: SelectionRules): number | null {
  const rule = layerRatios.find(({ glob }) => {
    const matches = nameMatcher(glob);
    return layers.some((layer) => matches(layerTitle(layer)));
  });
  return rule?.ratio ?? null;
}
