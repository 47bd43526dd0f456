import { elementCount } from '../../numeric/tensor.ts';
import type { Channels } from './channels.ts';
import type { ChannelCoupling } from './scope.ts';

/** 1 for each label that is kept when some channel sets are removed, else 0. */
export function survivors({ sets }: Pick<ChannelCoupling, 'sets'>, removed: ReadonlySet<number>): Uint8Array {
  const stays = new Uint8Array(sets.count);
  for (let label = 0; label < stays.length; label++) stays[label] = removed.has(sets.find(label)) ? 0 : 1;
  return stays;
}

/** The indices along an axis at which any label is kept. */
export function placesAlong({ axes, sizes, labels }: Channels, axis: number, stays: Uint8Array): number[] {
  const at = axes.indexOf(axis);
  const size = sizes[at]!;
  const inner = elementCount(sizes.slice(at + 1));
  const anything = new Uint8Array(size);
  for (let i = 0; i < labels.length; i++)
    if (stays[labels[i]!] === 1) anything[Math.floor(i / inner) % size] = 1;
  const places: number[] = [];
  for (let place = 0; place < size; place++) if (anything[place] === 1) places.push(place);
  return places;
}
