import type { LayerShapes } from '../stripes/shapes.ts';

/** One shape and how many filters have it. */
export interface ShapeCount {
  readonly mask: number;
  readonly filters: number;
}

/** The shapes of a layer, the commonest first; filters without a stripe have no shape and are left out. */
export function commonShapes({ masks }: LayerShapes): ShapeCount[] {
  const counts = new Map<number, number>();
  for (const mask of masks) if (mask !== 0) counts.set(mask, (counts.get(mask) ?? 0) + 1);
  return [...counts]
    .map(([mask, filters]) => ({ mask, filters }))
    .sort((a, b) => b.filters - a.filters || tapCount(b.mask) - tapCount(a.mask) || a.mask - b.mask);
}

/** For each position of the kernel, row by row, the part of all filters that keep it. */
export function keptPerTap({ kernel: [kH, kW], masks }: LayerShapes): number[] {
  return Array.from({ length: kH * kW }, (_, tap) => {
    const keep = masks.filter((mask) => isLive(mask, tap)).length;
    return masks.length === 0 ? 0 : keep / masks.length;
  });
}

/** The part of a layer's stripes that live. */
export function keptStripes(layer: LayerShapes): number {
  const taps = keptPerTap(layer);
  return taps.reduce((sum, kept) => sum + kept, 0) / Math.max(1, taps.length);
}

/** Whether bit `tap` of a mask is set; exact to 53 positions. */
export const isLive = (mask: number, tap: number): boolean => Math.floor(mask / 2 ** tap) % 2 === 1;

/** How many positions of a mask live. */
export function tapCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
