import type { ChannelCoupling } from './coupling/scope.ts';
import { survivors } from './coupling/survivors.ts';

/**
 * `removed` without the channel sets whose removal would leave a tensor empty: a layer may lose most of its channels, but a
 * part that is split off for another layer must keep one. Of such a tensor the first channel set is kept.
 */
export function keepOneChannel(found: ChannelCoupling, removed: ReadonlySet<number>): Set<number> {
  const { sets, carried, slicings } = found;
  const left = new Set(removed);
  const stays = survivors(found, removed);
  const seen = new Set([...carried.values(), ...slicings.map(({ channels }) => channels)]);
  for (const { labels } of seen) {
    if (labels.length === 0 || !labels.every((label) => stays[label] === 0)) continue;
    const spared = sets.find(labels[0]!);
    // Keeping this set may fill other tensors too; they are checked in their own turn.
    if (labels.every((label) => left.has(sets.find(label)))) left.delete(spared);
  }
  return left;
}
