import { formatPercent } from '../numeric/quantities.ts';
import type { LayerShapes } from '../stripes/shapes.ts';
import { commonShapes, keptStripes, type ShapeCount } from './filter-shapes.ts';
import { type Html, html, trusted } from './html.ts';
import { extent, heatMap, shapeGlyphs } from './shape-glyphs.ts';

const COLUMNS = { name: 20, heat: 210, shapes: 290, shapeStep: 44 };
const WIDTH = 820;
const HEAD = 52;
const ROW_GAP = 22;
const SHOWN_GLYPHS = 12;
/** The maximum number of characters in the first column. */
const NAME_LENGTH = 27;

const style = trusted(`<style>
.paper{fill:#fbfaf5}.ink{fill:#262b22}.muted{fill:#6d7465}.live{fill:#4d7a3f}.dead{fill:#e6e2d3}.rule{stroke:#e2ddcc}
text{font:13px ui-sans-serif,system-ui,-apple-system,'Segoe UI',sans-serif}.small{font-size:11px}
@media(prefers-color-scheme:dark){.paper{fill:#171b16}.ink{fill:#e7e8df}.muted{fill:#9aa392}.live{fill:#8fbf77}.dead{fill:#2c332a}.rule{stroke:#2c332a}}
</style>`);

/**
 * The learned shapes as a self-contained SVG: a row per layer, with the fraction of filters that use each position, and the
 * most common shapes with their counts.
 *
 * @example
 * const svg = shapePicture(filterShapes(masked));
 */
export function shapePicture(shapes: readonly LayerShapes[]): string {
  let y = HEAD;
  const rows: Html[] = [];
  for (const layer of shapes) {
    rows.push(row(layer, y));
    y += rowHeight(layer) + ROW_GAP;
  }
  const title = `The shapes that the filters of ${shapes.length} layers have learned`;
  const picture = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">
<title>${title}</title>${style}
<rect class="paper" width="${WIDTH}" height="${y}" rx="10"/>
<text class="muted small" x="${COLUMNS.name}" y="28">layer</text><text class="muted small" x="${COLUMNS.heat}" y="28">kept</text><text class="muted small" x="${COLUMNS.shapes}" y="28">the commonest shapes, and how many filters have each</text>
<line class="rule" x1="${COLUMNS.name}" x2="${WIDTH - COLUMNS.name}" y1="38" y2="38"/>
${rows}
</svg>`;
  return `${picture.html}\n`;
}

const CELL = 9;
const rowHeight = ({ kernel: [kH] }: LayerShapes): number => extent(kH, CELL) + 12;

function row(layer: LayerShapes, y: number): Html {
  const gone = layer.masks.filter((mask) => mask === 0).length;
  const note = `${layer.filters - gone} of ${layer.filters} filters, ${formatPercent(keptStripes(layer), 0)} of stripes`;
  const room = WIDTH - COLUMNS.name - COLUMNS.shapes;
  const step = Math.max(COLUMNS.shapeStep, extent(layer.kernel[1], CELL) + 12);
  const shown = commonShapes(layer).slice(0, Math.min(SHOWN_GLYPHS, Math.floor(room / step)));
  return html`<g><text class="ink" x="${COLUMNS.name}" y="${y + 12}">${shortened(layer.layer)}</text><text class="muted small" x="${COLUMNS.name}" y="${y + 29}">${note}</text>
${heatMap(layer, { x: COLUMNS.heat, y, cell: CELL })}
${shown.map((shape, i) => counted(shape, layer, { x: COLUMNS.shapes + i * step, y }))}</g>`;
}

function counted({ mask, filters }: ShapeCount, { kernel }: LayerShapes, at: { x: number; y: number }): Html {
  const width = extent(kernel[1], CELL);
  const below = at.y + extent(kernel[0], CELL) + 13;
  return html`${shapeGlyphs([{ mask, at: { ...at, cell: CELL } }], kernel)}<text class="muted small" x="${at.x + width / 2}" y="${below}" text-anchor="middle">${filters}</text>`;
}

const shortened = (name: string): string =>
  name.length > NAME_LENGTH ? `…${name.slice(1 - NAME_LENGTH)}` : name;
