import { nameMatcher } from '../../graph/name-globs.ts';
import { layerTitle, type PruningUnit } from './units.ts';
import { roundedWidth, type WidthRules, widthChoices } from './widths.ts';

/** Whether each unit loses the same part, or all channel sets stand in one list. */
export type RankingScope = 'local' | 'global';

/** The rules by which scored channels are selected. */
export interface SelectionRules extends WidthRules {
  readonly scope: RankingScope;
  /** Globs of layers with a ratio of their own, whatever the scope; 0 keeps a layer as it is. */
  readonly layerRatios: readonly { readonly glob: string; readonly ratio: number }[];
  /** Channel sets of each unit in the original network, by its name; units that are missing are as they were. */
  readonly original: ReadonlyMap<string, number>;
}

/** Units, and what ranks their channel sets: low scores go first. */
export interface Ranking {
  readonly units: readonly PruningUnit[];
  readonly scores: ReadonlyMap<number, number>;
  /** Channel sets of pass-through filters, with the set that each passes on: they are removed together. Default: none. */
  readonly carriers?: ReadonlyMap<number, number>;
}

/** How many channel sets of each unit stay, by its place among the units. */
export type UnitWidths = readonly number[];

/** A selection for any ratio, in [0, 1], of the original channels; the same or more goes for a larger ratio. */
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
export function openSelection(ranking: Ranking, rules: SelectionRules): WidthSelector {
  const { units, scores } = ranking;
  const selecting: Selecting = {
    ...ranking,
    rules,
    orders: units.map((unit) => orderOf(unit, scores)),
    ratios: units.map((unit) => ownRatio(unit, rules)),
    originals: units.map((unit) => rules.original.get(unit.name) ?? unit.sets.length),
  };
  const { orders, ratios, originals } = selecting;
  const wanted = rules.scope === 'local' ? localWidths(selecting) : globalWidths(selecting);
  const rounded = (unit: number, width: number) =>
    roundedWidth(units[unit]!, width, { ...rules, original: originals[unit]! });
  const fixed = (unit: number): number | null => {
    if (orders[unit]!.length === 0) return units[unit]!.sets.length;
    const own = ratios[unit];
    return own == null ? null : rounded(unit, (1 - own) * originals[unit]!);
  };
  return {
    widths: (ratio) => wanted(ratio).map((width, i) => fixed(i) ?? rounded(i, width)),
    removed: (widths) => removedSets(widths, selecting),
    choices: units.map((unit, i) => {
      const only = fixed(i);
      return only === null ? widthChoices(unit, { ...rules, original: originals[i]! }) : [only];
    }),
    mostLacking(ratio, widths) {
      const share = wanted(ratio);
      const lack = widths.map((width, i) => (share[i]! - width) / originals[i]!);
      return [...widths.keys()]
        .filter((i) => fixed(i) === null && widths[i]! < units[i]!.sets.length)
        .sort((a, b) => lack[b]! - lack[a]!);
    },
  };
}

/** All that a selection looks at; lists are by unit. */
interface Selecting extends Ranking {
  readonly rules: SelectionRules;
  /** The channel sets that may go, lowest scores first. */
  readonly orders: readonly (readonly number[])[];
  /** Ratios of their own. */
  readonly ratios: readonly (number | null)[];
  /** Channel sets in the original network. */
  readonly originals: readonly number[];
}

/** Widths before rounding: the same part of every unit, or the part that its own ratio leaves. */
const localWidths =
  ({ units, ratios, originals }: Selecting) =>
  (ratio: number): number[] =>
    units.map(({ sets }, i) => Math.min(sets.length, (1 - (ratios[i] ?? ratio)) * originals[i]!));

/** Widths before rounding, where the lowest scores of all units go first. Only channels that may go count. */
function globalWidths(selecting: Selecting): (ratio: number) => number[] {
  const { units, orders, ratios, originals, scores, rules } = selecting;
  const counted = [...units.keys()].filter((i) => ratios[i] === null);
  const merged = globalOrder(orders, ratios, scores);
  const channels = (setsOf: (unit: number) => number) =>
    counted.reduce((sum, i) => sum + setsOf(i) * units[i]!.channelsPerSet, 0);
  const free = channels((i) => orders[i]!.length);
  // What went in earlier steps counts; what stays in any case does not.
  const total = channels((i) =>
    orders[i]!.length === 0 ? 0 : originals[i]! - units[i]!.sets.length + orders[i]!.length,
  );
  const least = originals.map((count) => Math.max(1, Math.ceil(rules.floor * count - 1e-9)));
  return (ratio) => {
    const wanted = localWidths(selecting)(0);
    for (const i of counted) wanted[i] = units[i]!.sets.length;
    let excess = free - (1 - ratio) * total;
    for (const { unit } of merged) {
      const width = units[unit]!.channelsPerSet;
      if (excess < width / 2) break;
      if (wanted[unit]! <= least[unit]!) continue;
      wanted[unit]!--;
      excess -= width;
    }
    return wanted;
  };
}

function removedSets(widths: UnitWidths, { units, orders, carriers }: Selecting): Set<number> {
  const gone = new Set<number>();
  units.forEach(({ sets }, i) => {
    const isEmpty = (root: number) => gone.has(carriers?.get(root) ?? -1);
    const empty = orders[i]!.filter(isEmpty);
    const others = orders[i]!.filter((root) => !isEmpty(root));
    const count = Math.max(empty.length, sets.length - widths[i]!);
    for (const root of [...empty, ...others].slice(0, count)) gone.add(root);
  });
  return gone;
}

/** The channel sets of a unit that may go and have a score, lowest first; equal scores in the order of the filters. */
function orderOf({ sets, reasons }: PruningUnit, scores: ReadonlyMap<number, number>): number[] {
  const free = sets.filter((root) => !reasons.has(root) && scores.has(root));
  return free.sort((a, b) => scores.get(a)! - scores.get(b)!);
}

/** The ratio that a glob gives a unit; null where none names one of its layers. */
function ownRatio({ layers }: PruningUnit, { layerRatios }: SelectionRules): number | null {
  const rule = layerRatios.find(({ glob }) => {
    const matches = nameMatcher(glob);
    return layers.some((layer) => matches(layerTitle(layer)));
  });
  return rule?.ratio ?? null;
}

function globalOrder(
  orders: readonly (readonly number[])[],
  ratios: readonly (number | null)[],
  scores: ReadonlyMap<number, number>,
): { unit: number; score: number }[] {
  const all = orders.flatMap((order, unit) =>
    ratios[unit] === null ? order.map((root) => ({ unit, score: scores.get(root)! })) : [],
  );
  return all.sort((a, b) => a.score - b.score);
}
