import { formatPercent } from '../../numeric/quantities.ts';
import type { LayerShapes } from '../../stripes/shapes.ts';
import { commonShapes, keptStripes, tapCount } from '../filter-shapes.ts';
import { type Html, html, trusted } from '../html.ts';
import type { RunRecord } from '../run-record.ts';
import { extent, heatMap, shapeGlyphs } from '../shape-glyphs.ts';

const SHOWN_SHAPES = 6;
const GRID = { cell: 4, gap: 6, columns: 16 };
const HEAT_CELL = 26;

/** For each layer: the fraction of filters that use each position, the most common shapes, and the shape of every filter. */
export function shapesSection({ shapes }: RunRecord): Html | null {
  if (shapes.length === 0) return null;
  return html`<section><h2>The shapes that were learned</h2>
<p class="lead">Each square is one position of a filter's kernel. It is filled if the stripe of weights at that position is kept. The large squares show
the percentage of filters that keep each position.</p>${trusted(shapeCards(shapes))}</section>`;
}

/**
 * A card for each layer as HTML, for a page with styles for its classes: the fraction of filters that use each position, the
 * most common shapes, and the shape of every filter.
 *
 * @example
 * const html = shapeCards(filterShapes(network));
 */
export const shapeCards = (shapes: readonly LayerShapes[]): string =>
  html`<div class="shapes">${shapes.map(layerShapes)}</div>`.html;

function layerShapes(layer: LayerShapes): Html {
  const gone = layer.masks.filter((mask) => mask === 0).length;
  const [kH, kW] = layer.kernel;
  const common = commonShapes(layer);
  return html`<article class="shape-card"><h3>${layer.layer} <small>${kH}×${kW}</small></h3>
<p class="facts">${layer.filters} filters${gone > 0 && `, ${gone} removed`} · ${formatPercent(keptStripes(layer), 0)} of stripes</p>
<div class="shape-row">${heatSvg(layer)}<ul class="common">${common.slice(0, SHOWN_SHAPES).map(({ mask, filters }) => html`<li>${glyphSvg(mask, layer)}<span>${filters}</span></li>`)}</ul></div>
<details><summary>all filters, by number of stripes: ${common.length} shape${common.length === 1 ? '' : 's'}</summary>${gridSvg(layer)}</details></article>`;
}

function heatSvg(layer: LayerShapes): Html {
  const [width, height] = [extent(layer.kernel[1], HEAT_CELL), extent(layer.kernel[0], HEAT_CELL)];
  const title = `${layer.layer}: percentage of filters that keep each position`;
  return html`<svg class="heat" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"><title>${title}</title>${heatMap(layer, { x: 0, y: 0, cell: HEAT_CELL })}</svg>`;
}

function glyphSvg(mask: number, { kernel }: LayerShapes): Html {
  const cell = 9;
  const [width, height] = [extent(kernel[1], cell), extent(kernel[0], cell)];
  const title = `a shape with ${tapCount(mask)} of ${kernel[0] * kernel[1]} positions`;
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"><title>${title}</title>${shapeGlyphs([{ mask, at: { x: 0, y: 0, cell } }], kernel)}</svg>`;
}

/** All filters of a layer, fullest first. */
function gridSvg({ layer, kernel, masks }: LayerShapes): Html {
  const stepX = extent(kernel[1], GRID.cell) + GRID.gap;
  const stepY = extent(kernel[0], GRID.cell) + GRID.gap;
  const sorted = [...masks].sort((a, b) => tapCount(b) - tapCount(a) || b - a);
  const filters = sorted.map((mask, i) => ({
    mask,
    at: { x: (i % GRID.columns) * stepX, y: Math.floor(i / GRID.columns) * stepY, cell: GRID.cell },
  }));
  const width = GRID.columns * stepX - GRID.gap;
  const height = Math.ceil(masks.length / GRID.columns) * stepY - GRID.gap;
  return html`<svg class="all" viewBox="0 0 ${width} ${Math.max(1, height)}" role="img"><title>${layer}: the shape of each filter</title>${shapeGlyphs(filters, kernel)}</svg>`;
}
