import { random } from '../../numeric/random.ts';
import type { UnitWidths } from '../ranking/selection.ts';

/** A choice of widths that was tried, and what it lost. */
export interface WidthCandidate {
  readonly widths: UnitWidths;
  readonly damage: number;
}

/** What `searchWidths` searches. */
export interface WidthSearch {
  /** The widths that each unit may have, ascending. */
  readonly choices: readonly (readonly number[])[];
  /** Within the budget. */
  readonly start: UnitWidths;
  /** How many to try, the start included. */
  readonly candidates: number;
  readonly seed: number;
  /** Whether widths are within the budget. */
  isWithin(widths: UnitWidths): boolean | Promise<boolean>;
  /** Widens units in the given order, within the budget, where widths stay below it. Default: leaves them as they are. */
  refill?(widths: UnitWidths, order: readonly number[]): UnitWidths;
  /** What a network of these widths loses. */
  damageOf(widths: UnitWidths): Promise<number>;
  /** Candidates that an interrupted search tried, by their number: they are not tried again. */
  readonly known?: ReadonlyMap<number, WidthCandidate>;
  /** Told of each candidate that was tried. */
  onCandidate?(candidate: WidthCandidate, index: number): void;
}

/**
 * Looks for the widths that lose least within a budget: from the best found so far some units are widened and others
 * narrowed until it fits again, and the result kept if it loses less (a (1 + 1) evolution; the paper of RMNet takes
 * reinforcement learning, He et al., AMC, ECCV 2018, for the same end). Candidate i is a function of the seed, of i and of the
 * best before it, so that an interrupted search goes on as if it had not been.
 */
export async function searchWidths(search: WidthSearch): Promise<WidthCandidate> {
  const { start, candidates, known, onCandidate } = search;
  const tried = new Set<string>();
  let best: WidthCandidate | null = null;
  for (let index = 0; index < candidates; index++) {
    const widths: UnitWidths | null = best ? await changed(best.widths, index, search) : start;
    if (!widths || tried.has(widths.join())) continue;
    tried.add(widths.join());
    const before = known?.get(index);
    const candidate: WidthCandidate =
      before && before.widths.join() === widths.join()
        ? before
        : { widths, damage: await search.damageOf(widths) };
    if (candidate !== before) onCandidate?.(candidate, index);
    if (!best || candidate.damage < best.damage) best = candidate;
  }
  return best ?? { widths: start, damage: await search.damageOf(start) };
}

/** Steps that are taken at most to get back within the budget. */
const REPAIRS = 200;

/** One to three units a step wider, others narrower until it fits; null where it does not. */
async function changed(
  from: UnitWidths,
  index: number,
  { choices, seed, isWithin, refill }: WidthSearch,
): Promise<UnitWidths | null> {
  const { integer } = random(seed, index);
  const inRandomOrder = () =>
    [...choices.keys()]
      .map((unit) => ({ unit, place: integer(1 << 30) }))
      .sort((a, b) => a.place - b.place)
      .map(({ unit }) => unit);
  const widths = [...from];
  const step = (unit: number, by: 1 | -1): boolean => {
    const at = choices[unit]!.indexOf(widths[unit]!);
    const next = choices[unit]![at + by];
    if (next === undefined) return false;
    widths[unit] = next;
    return true;
  };
  const widened = new Set<number>();
  for (let moves = 1 + integer(3); moves > 0; moves--) {
    const unit = integer(choices.length);
    if (step(unit, 1)) widened.add(unit);
  }
  for (let repair = 0; repair < REPAIRS; repair++) {
    if (await isWithin(widths)) return refill ? refill(widths, inRandomOrder()) : widths;
    const unit = integer(choices.length);
    if (!widened.has(unit)) step(unit, -1);
  }
  return null;
}
