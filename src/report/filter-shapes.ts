import type { LayerShapes } from '../stripes/shapes.ts';

/** A shape and the number of filters that have it. */
export interface ShapeCount {
  readonly mask: number;
  readonly filters: number;
}

/** The shapes of a layer, the most common first. Filters without stripes are omitted. */
export function commonShapes({ masks }: LayerShapes): ShapeCount[] {
  const counts = new Map<number, number>();
  for (const mask of masks) if (mask !== 0) counts.set(mask, (counts.get(mask) ?? 0) + 1);
  return [...counts]
    .map(([mask, filters]) => ({ mask, filters }))
    .sort((a, b) => b.filters - a.filters || tapCount(b.mask) - tapCount(a.mask) || a.mask - b.mask);
}

/** For each kernel position, row by row, the fraction of filters that use it. */
export function keptPerTap({ kernel: [kH, kW], masks }: LayerShapes): number[] {
  return Array.from({ length: kH * kW }, (_, tap) => {
    const keep = masks.filter((mask) => isLive(mask, tap)).length;
    return masks.length === 0 ? 0 : keep / masks.length;
  });
}

/** The fraction of living stripes in a layer. */
export function keptStripes(layer: LayerShapes): number {
  const taps = keptPerTap(layer);
  return taps.reduce((sum, kept) => sum + kept, 0) / Math.max(1, taps.length);
}

/** Whether bit `tap` of a mask is set; exact for up to 53 positions. */
export const isLive = (mask: number, tap: number): boolean => Math.floor(mask / 2 ** tap) % 2 === 1;

/** Number of living positions in a mask. */
export function tapCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
