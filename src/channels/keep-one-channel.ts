import type { ChannelCoupling } from './coupling/scope.ts';
import { survivors } from './coupling/survivors.ts';

/**
 * The classes to remove less those without which some tensor would be empty: a layer may lose most of its channels, and
 * a part of them that is split off for another layer must not lose all. Of such a tensor the first class stays.
 */
export function spareLast(found: ChannelCoupling, removed: ReadonlySet<number>): Set<number> {
  const { classes, carried, slicings } = found;
  const left = new Set(removed);
  const stays = survivors(found, removed);
  const seen = new Set([...carried.values(), ...slicings.map(({ channels }) => channels)]);
  for (const { labels } of seen) {
    if (labels.length === 0 || !labels.every((label) => stays[label] === 0)) continue;
    const spared = classes.find(labels[0]!);
    // Only this class is known to be back; its other labels are looked up where they stand.
    if (labels.every((label) => left.has(classes.find(label)))) left.delete(spared);
  }
  return left;
}
