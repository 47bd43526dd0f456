import type { PruningUnit } from '../ranking/units.ts';
import type { SetCosts } from './prunable-sets.ts';

type Removed = ReadonlySet<number>;

interface Saving {
  readonly units: readonly PruningUnit[];
  /** The MACs of the network without some sets. */
  macs(removed: Removed): number;
  /** `removed` with a set, and with what is removed along with it. */
  after(set: number, removed: Removed): Removed;
}

/** The MACs that one more set saves; sets of one unit save the same, unless sets of other units are removed along with them. */
export function savings({ units, macs, after }: Saving): SetCosts['saving'] {
  const unitOf = new Map(units.flatMap(({ sets }, i) => sets.map((set) => [set, i] as const)));
  const known = new WeakMap<Removed, Map<string, number>>();
  return (set, removed) => {
    const saved = known.get(removed) ?? new Map<string, number>();
    known.set(removed, saved);
    const left = after(set, removed);
    const key = [...left].flatMap((each) => (removed.has(each) ? [] : unitOf.get(each))).join();
    const saving = saved.get(key) ?? macs(removed) - macs(left);
    saved.set(key, saving);
    return saving;
  };
}
