import picomatch from 'picomatch';
import { layerTitle, type Unit } from './units.ts';
import { keptClasses, type WidthRules } from './widths.ts';

/** Whether each unit loses the same part, or all classes stand in one list. */
export type Scope = 'local' | 'global';

export interface SelectionRules extends WidthRules {
  readonly scope: Scope;
  /** Globs of layers with a ratio of their own, whatever the scope; 0 keeps a layer as it is. */
  readonly layerRatios: readonly { readonly glob: string; readonly ratio: number }[];
  /** Classes of each unit in the original network, by its name; units that are missing are as they were. */
  readonly original: ReadonlyMap<string, number>;
}

/** Units, and what ranks their classes: low scores go first. */
export interface Ranking {
  readonly units: readonly Unit[];
  readonly scores: ReadonlyMap<number, number>;
  /** Classes that hand on another's channels: nothing is left of them where that one went. Default: none. */
  readonly carriers?: ReadonlyMap<number, number>;
}

/** How many classes of each unit stay, by its place among the units. */
export type Widths = readonly number[];

/** A selection for any ratio, in [0, 1], of the original channels; the same or more goes for a larger ratio. */
export interface Selector {
  widths(ratio: number): Widths;
  /** The classes that go: in each unit those that carry what went already, then the lowest scores. */
  removed(widths: Widths): Set<number>;
}

/** Orders the classes of a network once, for many ratios. */
export function openSelection({ units, scores, carriers }: Ranking, rules: SelectionRules): Selector {
  const orders = units.map((unit) => orderOf(unit, scores));
  const ratios = units.map((unit) => ownRatio(unit, rules));
  const originals = units.map((unit) => rules.original.get(unit.name) ?? unit.classes.length);
  const merged = rules.scope === 'global' ? globalOrder(orders, ratios, scores) : [];
  const total = units.reduce(
    (sum, unit, i) => sum + (ratios[i] === null ? originals[i]! * unit.channelsPerClass : 0),
    0,
  );

  const wantedWidths = (ratio: number): number[] => {
    const wanted = units.map(({ classes }, i) =>
      Math.min(classes.length, (1 - (ratios[i] ?? ratio)) * originals[i]!),
    );
    if (rules.scope === 'local') return wanted;
    units.forEach(({ classes }, i) => {
      if (ratios[i] === null) wanted[i] = classes.length;
    });
    let excess = units.reduce(
      (sum, unit, i) => sum + (ratios[i] === null ? unit.classes.length * unit.channelsPerClass : 0),
      -(1 - ratio) * total,
    );
    for (const { unit } of merged) {
      const width = units[unit]!.channelsPerClass;
      if (excess < width / 2) break;
      const least = Math.max(1, Math.ceil(rules.floor * originals[unit]! - 1e-9));
      if (wanted[unit]! <= least) continue;
      wanted[unit]!--;
      excess -= width;
    }
    return wanted;
  };

  return {
    widths: (ratio) =>
      wantedWidths(ratio).map((wanted, i) => {
        const unit = units[i]!;
        const isFree = orders[i]!.length > 0;
        return isFree
          ? keptClasses(unit, wanted, { ...rules, original: originals[i]! })
          : unit.classes.length;
      }),
    removed(widths) {
      const gone = new Set<number>();
      units.forEach(({ classes }, i) => {
        const isEmpty = (root: number) => gone.has(carriers?.get(root) ?? -1);
        const empty = orders[i]!.filter(isEmpty);
        const others = orders[i]!.filter((root) => !isEmpty(root));
        const count = Math.max(empty.length, classes.length - widths[i]!);
        for (const root of [...empty, ...others].slice(0, count)) gone.add(root);
      });
      return gone;
    },
  };
}

/** The classes of a unit that may go and have a score, lowest first; equal scores in the order of the filters. */
function orderOf({ classes, reasons }: Unit, scores: ReadonlyMap<number, number>): number[] {
  const free = classes.filter((root) => !reasons.has(root) && scores.has(root));
  return free.sort((a, b) => scores.get(a)! - scores.get(b)!);
}

/** The ratio that a glob gives a unit; null where none names one of its layers. */
function ownRatio({ layers }: Unit, { layerRatios }: SelectionRules): number | null {
  const rule = layerRatios.find(({ glob }) => {
    const matches = layerMatcher(glob);
    return layers.some((layer) => matches(layerTitle(layer)));
  });
  return rule?.ratio ?? null;
}

/** Whether a glob names a layer; `*` crosses slashes, as exporters put some into names. */
export function layerMatcher(glob: string): (name: string) => boolean {
  return picomatch(glob, { bash: true, dot: true });
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
