import { random } from '../../numeric/random.ts';
import type { UnitWidths } from '../ranking/selection.ts';

/** Widths that were tried, and their damage. */
export interface WidthCandidate {
  readonly widths: UnitWidths;
  readonly damage: number;
}

/** The input of a search of widths. */
export interface WidthSearch {
  /** The possible widths of each unit, ascending. */
  readonly choices: readonly (readonly number[])[];
  /** Widths to start from, within the budget. */
  readonly start: UnitWidths;
  /** Number of candidates, including the start. */
  readonly candidates: number;
  readonly seed: number;
  /** Whether widths are within the budget. */
  isWithin(widths: UnitWidths): boolean | Promise<boolean>;
  /** Widens units in the given order within the budget. Default: returns the widths unchanged. */
  refill?(widths: UnitWidths, order: readonly number[]): UnitWidths;
  /** The damage (loss or error) of a network with the given widths. */
  damageOf(widths: UnitWidths): Promise<number>;
  /** Candidates of an interrupted search, by index, which are not evaluated again. */
  readonly known?: ReadonlyMap<number, WidthCandidate>;
  /** Called with each candidate that was evaluated. */
  onCandidate?(candidate: WidthCandidate, index: number): void;
}

/**
 * Searches widths with the least damage within a budget: some units of the best candidate are widened, and others narrowed
 * until it fits again; the result replaces the best if its damage is smaller (a (1 + 1) evolution strategy; the RMNet paper
 * uses reinforcement learning for this, He et al., AMC, ECCV 2018). Candidate i is a function of the seed, of i and of the
 * best candidate before it, so an interrupted search continues with the same result.
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

/** Maximum number of steps to get back within the budget. */
const REPAIRS = 200;

/** Widens one to three units by a step, and narrows others until it fits; null if it does not fit. */
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
