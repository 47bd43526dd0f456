import { areaOf, type Box, boxAround, boxesOf, positionsOf } from './box.ts';
import type { Convolution } from './convolution.ts';
import { convolutionCost } from './cost.ts';

/** A set of kernel positions, and boxes that together compute it. */
export interface Cover {
  /** Bit i·kW + j is set for each position. */
  readonly mask: number;
  readonly boxes: readonly Box[];
  /** Multiplications per filter, channel and output pixel. */
  readonly area: number;
}

/** Largest number of positions, limited by the bits of an integer. */
const MOST_POSITIONS = 31;
/** Largest number of boxes for which pairs are considered. */
const MOST_PAIRED = 64;

export const bitMask = (positions: readonly number[]): number =>
  positions.reduce((mask, position) => mask | (1 << position), 0);

/** Two boxes that together contain all positions and have a smaller area than the box around them; null if there are none. */
export function bestPair(conv: Convolution, positions: readonly number[]): readonly Box[] | null {
  const around = boxAround(conv, positions);
  if (!around) return null;
  let [best, lowest] = [null as readonly Box[] | null, convolutionCost(conv, conv.filters, areaOf(around))];
  for (const first of boxesOf(conv)) {
    const held = new Set(positionsOf(first, conv));
    const second = boxAround(
      conv,
      positions.filter((position) => !held.has(position)),
    );
    if (!second) continue;
    const cost = [first, second].reduce(
      (sum, box) => sum + convolutionCost(conv, conv.filters, areaOf(box)),
      0,
    );
    if (cost < lowest) [best, lowest] = [[first, second], cost];
  }
  return best;
}

/**
 * The sets of positions that one box or the sum of two can compute, with the cheapest boxes of each; empty for large kernels.
 */
export function coversOf(conv: Convolution): Cover[] {
  if (conv.kernel[0] * conv.kernel[1] > MOST_POSITIONS) return [];
  const boxes = boxesOf(conv);
  const single = boxes.map((box) => coverOf(conv, [box]));
  const pairs =
    boxes.length > MOST_PAIRED
      ? []
      : boxes.flatMap((a, i) => boxes.slice(i + 1).map((b) => coverOf(conv, [a, b])));
  const cheapest = new Map<number, Cover>();
  for (const cover of [...single, ...pairs]) {
    const known = cheapest.get(cover.mask);
    if (!known || cover.area < known.area) cheapest.set(cover.mask, cover);
  }
  const whole = conv.kernel[0] * conv.kernel[1];
  return [...cheapest.values()].filter(({ boxes: { length }, area }) => length === 1 || area < whole);
}

const coverOf = (conv: Convolution, boxes: readonly Box[]): Cover => ({
  mask: boxes.reduce((mask, box) => mask | bitMask(positionsOf(box, conv)), 0),
  boxes,
  area: boxes.reduce((sum, box) => sum + areaOf(box), 0),
});
