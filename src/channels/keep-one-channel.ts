import type { ChannelCoupling } from './coupling/scope.ts';
import { survivors } from './coupling/survivors.ts';

/**
 * `removed` without the channel sets whose removal would leave a tensor empty: a layer may lose most of its channels, but a
 * slice of them that another layer reads must keep one. Of such a tensor, the first channel set is kept that is not in
 * `before`, the sets that were removed earlier.
 */
export function keepOneChannel(
  found: ChannelCoupling,
  removed: ReadonlySet<number>,
  before: ReadonlySet<number> = new Set(),
): Set<number> {
  const { sets, carried, slicings } = found;
  const left = new Set(removed);
  const stays = survivors(found, removed);
  const seen = new Set([...carried.values(), ...slicings.map(({ channels }) => channels)]);
  for (const { labels } of seen) {
    if (labels.length === 0 || !labels.every((label) => stays[label] === 0)) continue;
    const spared = Array.from(labels, sets.find).find((root) => !before.has(root));
    // Keeping this set may affect other tensors, which are checked later.
    if (spared !== undefined && labels.every((label) => left.has(sets.find(label)))) left.delete(spared);
  }
  return left;
}
