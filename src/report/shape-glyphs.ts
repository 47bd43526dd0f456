import type { LayerShapes } from '../stripes/shapes.ts';
import { isLive, keptPerTap } from './filter-shapes.ts';
import { type Html, html } from './html.ts';

/** Position and size of the picture of one filter, in SVG units. */
export interface GlyphPlacement {
  readonly x: number;
  readonly y: number;
  /** The side length of the square of one kernel position. */
  readonly cell: number;
}

type Kernel = LayerShapes['kernel'];

/** The distance from one square to the next. */
export const pitch = (cell: number): number => cell * 1.18;

/** The width or height of `positions` squares. */
export const extent = (positions: number, cell: number): number => pitch(cell) * (positions - 1) + cell;

/** Path data of the living and of the dead squares of several filters. */
export function shapePaths(filters: readonly { mask: number; at: GlyphPlacement }[], [kH, kW]: Kernel) {
  const paths = { live: '', dead: '' };
  for (const { mask, at } of filters) {
    for (let tap = 0; tap < kH * kW; tap++) {
      const x = at.x + (tap % kW) * pitch(at.cell);
      const y = at.y + Math.floor(tap / kW) * pitch(at.cell);
      const side = rounded(at.cell);
      paths[isLive(mask, tap) ? 'live' : 'dead'] += `M${rounded(x)} ${rounded(y)}h${side}v${side}h-${side}z`;
    }
  }
  return paths;
}

/** Filters as small squares; living positions are filled. */
export function shapeGlyphs(filters: readonly { mask: number; at: GlyphPlacement }[], kernel: Kernel): Html {
  const { live, dead } = shapePaths(filters, kernel);
  return html`<path class="dead" d="${dead}"/><path class="live" d="${live}"/>`;
}

/** A square per kernel position, filled by the fraction of filters that use it, with the percentage as text. */
export function heatMap(layer: LayerShapes, { x, y, cell }: GlyphPlacement): Html {
  const [, kW] = layer.kernel;
  const squares = keptPerTap(layer).map((kept, tap) => {
    const left = x + (tap % kW) * pitch(cell);
    const top = y + Math.floor(tap / kW) * pitch(cell);
    const size = rounded(cell);
    return html`<rect class="dead" x="${rounded(left)}" y="${rounded(top)}" width="${size}" height="${size}" rx="${rounded(cell / 9)}"/><rect class="live" x="${rounded(left)}" y="${rounded(top)}" width="${size}" height="${size}" rx="${rounded(cell / 9)}" fill-opacity="${(0.08 + 0.92 * kept).toFixed(2)}"/>${cell >= 16 && html`<text class="${kept > 0.45 ? 'on-live' : 'on-dead'}" x="${rounded(left + cell / 2)}" y="${rounded(top + cell * 0.64)}" font-size="${rounded(cell * 0.38)}" text-anchor="middle">${Math.round(100 * kept)}</text>`}`;
  });
  return html`<g>${squares}</g>`;
}

const rounded = (x: number): number => Math.round(x * 100) / 100;
