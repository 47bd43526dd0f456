import type { PruningUnit } from '../ranking/units.ts';
import type { SetCosts } from './prunable-sets.ts';

type Removed = ReadonlySet<number>;

interface Saving {
  readonly units: readonly PruningUnit[];
  /** The MACs of the network without some sets. */
  macs(removed: Removed): number;
  /** The sets that are removed along with a set. */
  along(set: number, removed: Removed): readonly number[];
}

/** The MACs that one more set saves; sets of one unit save the same, unless sets of other units are removed along with them. */
export function savings({ units, macs, along }: Saving): SetCosts['saving'] {
  const unitOf = new Map(units.flatMap(({ sets }, i) => sets.map((set) => [set, i] as const)));
  const known = new WeakMap<Removed, Map<string, number>>();
  return (set, removed) => {
    const saved = known.get(removed) ?? new Map<string, number>();
    known.set(removed, saved);
    const gone = [set, ...along(set, removed)];
    const key = gone.map((each) => unitOf.get(each)).join();
    const saving = saved.get(key) ?? macs(removed) - macs(new Set([...removed, ...gone]));
    saved.set(key, saving);
    return saving;
  };
}
