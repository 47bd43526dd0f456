import type { Box } from './box.ts';
import type { Convolution } from './convolution.ts';
import { BLOCK, boxesCost, copyCost } from './cost.ts';
import { bitMask, type Cover, coversOf } from './cover.ts';

/** Filters that are computed together, as a sum of boxes. */
export interface Part {
  readonly filters: readonly number[];
  readonly boxes: readonly Box[];
}

interface Partition {
  readonly covers: readonly Cover[];
  readonly parts: readonly Part[];
  readonly cost: number;
}

/** Another part must reduce the estimate to at most this fraction. */
const WORTHWHILE = 0.97;

/**
 * Partitions of the filters into 2, 3, … parts. Covers are added greedily, each the one that lowers the estimate most; then
 * covers are exchanged as long as that helps. Stops when another cover does not help.
 */
export function partitions(conv: Convolution, most: number): (readonly Part[])[] {
  const offered = coversOf(conv);
  const whole = offered.find(
    ({ boxes, area }) => boxes.length === 1 && area === conv.kernel[0] * conv.kernel[1],
  );
  if (!whole) return [];
  const filters = { conv, masks: conv.live.map(bitMask) };
  const byParts = new Map<number, readonly Part[]>();
  let best = assigned(filters, [whole]);
  while (best.covers.length <= most) {
    const more = offered.map((cover) => [...best.covers, cover]);
    const next = exchanged(filters, offered, cheapest(filters, more));
    if (next.cost > best.cost * WORTHWHILE) break;
    best = next;
    byParts.set(best.parts.length, best.parts);
  }
  return [...byParts.values()].filter(({ length }) => length > 1 && length <= most);
}

interface Filters {
  readonly conv: Convolution;
  /** Mask of living positions, by filter. */
  readonly masks: readonly number[];
}

function cheapest(filters: Filters, choices: readonly (readonly Cover[])[]): Partition {
  return choices
    .map((covers) => assigned(filters, covers))
    .reduce((best, choice) => (choice.cost < best.cost ? choice : best));
}

/** Replaces one cover after another by the best alternative, except the first, which contains all positions. */
function exchanged(filters: Filters, offered: readonly Cover[], start: Partition): Partition {
  let best = start;
  for (let place = 1; place < start.covers.length; place++) {
    const others = best.covers;
    const choice = cheapest(
      filters,
      offered.map((cover) => others.with(place, cover)),
    );
    if (choice.cost < best.cost) best = choice;
  }
  return best;
}

/**
 * Assigns each filter to the smallest cover that contains it. Filters in a partial block move to a larger cover that contains
 * them.
 */
function assigned({ conv, masks }: Filters, covers: readonly Cover[]): Partition {
  const groups = [...covers]
    .sort((a, b) => a.area - b.area)
    .map(({ mask, boxes }) => ({ mask, boxes, filters: [] as number[] }));
  const home = (mask: number, from = 0) =>
    groups.findIndex((group, i) => i >= from && (mask & ~group.mask) === 0);
  masks.forEach((mask, filter) => {
    groups[home(mask)]!.filters.push(filter);
  });
  for (let i = 0; i < groups.length - 1; i++) {
    const { filters } = groups[i]!;
    const left = filters.length % BLOCK;
    const nearest = [...filters]
      .sort((a, b) => home(masks[a]!, i + 1) - home(masks[b]!, i + 1))
      .slice(0, left);
    for (const filter of nearest) {
      filters.splice(filters.indexOf(filter), 1);
      groups[home(masks[filter]!, i + 1)]!.filters.push(filter);
    }
  }
  const parts = groups.filter(({ filters }) => filters.length > 0);
  for (const { filters } of parts) filters.sort((a, b) => a - b);
  const joined = parts.length > 1 ? copyCost(conv, conv.filters) : 0;
  const cost = parts.reduce(
    (sum, { filters, boxes }) => sum + boxesCost(conv, filters.length, boxes),
    joined,
  );
  return { covers, parts, cost };
}
