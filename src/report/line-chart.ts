import { type Html, html } from './html.ts';
import { linearScale, roundTicks, type Scale } from './scale.ts';

/** Points connected by a line; `tone` selects its colour. */
export interface Series {
  readonly name: string;
  readonly tone: 'leaf' | 'earth' | 'sky';
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  /** Label of the horizontal axis. */
  readonly xLabel: string;
  readonly series: readonly Series[];
  readonly format: (y: number) => string;
  /** Formats the labels of the vertical axis. */
  readonly formatTick: (y: number) => string;
  /** A dashed horizontal line. */
  readonly reference?: { readonly name: string; readonly y: number };
  /** Values that the vertical axis must include. */
  readonly include?: readonly number[];
}

const SIZE = { width: 340, height: 226 };
const PLOT = { left: 50, right: 330, top: 12, bottom: 184 };

/** A line chart as inline SVG with a legend above it, coloured by the CSS variables of the page. */
export function lineChart(chart: LineChart): Html {
  const points = chart.series.flatMap((series) => series.points);
  const ys = [...points.map(([, y]) => y), ...(chart.include ?? []), ...referenceOf(chart)];
  const ticks = roundTicks(Math.min(...ys), Math.max(...ys), 4);
  const y = linearScale(ticks[0]!, ticks.at(-1)!, [PLOT.bottom, PLOT.top]);
  const xs = points.map(([x]) => x);
  const x = linearScale(Math.min(...xs), Math.max(...xs), [PLOT.left + 6, PLOT.right - 6]);
  return html`<figure class="chart">
<figcaption><h3>${chart.title}</h3>${legend(chart)}</figcaption>
<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="${description(chart)}">
<title>${description(chart)}</title>
${ticks.map((tick) => yTick(tick, y, chart))}
${epochTicks(x).map((tick) => html`<text class="tick" x="${x.at(tick)}" y="${PLOT.bottom + 19}" text-anchor="middle">${tick}</text>`)}
<text class="tick" x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 36}" text-anchor="middle">${chart.xLabel}</text>
${chart.reference && reference(chart.reference.y, y)}
${chart.series.map((series) => line(series, x, y))}
</svg></figure>`;
}

const referenceOf = ({ reference }: LineChart): number[] => (reference ? [reference.y] : []);

/** The text alternative of the chart. */
function description({ title, series, format, xLabel }: LineChart): string {
  const ends = series.map(({ name, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    return `${name} from ${format(first[1])} to ${format(last[1])}`;
  });
  return `${title} by ${xLabel}: ${ends.join('; ')}`;
}

function legend({ series, format, reference }: LineChart): Html {
  const entries = series.map(
    ({ name, tone, points }) =>
      html`<li><span class="key ${tone}"></span>${name} <b>${format(points.at(-1)![1])}</b></li>`,
  );
  const dashed =
    reference &&
    html`<li><span class="key dashed"></span>${reference.name} <b>${format(reference.y)}</b></li>`;
  return html`<ul class="legend">${entries}${dashed}</ul>`;
}

function yTick(tick: number, y: Scale, { formatTick }: LineChart): Html {
  const at = y.at(tick).toFixed(1);
  return html`<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at}" y2="${at}"/>
<text class="tick" x="${PLOT.left - 7}" y="${Number(at) + 4.5}" text-anchor="end">${formatTick(tick)}</text>`;
}

function epochTicks({ low, high }: Scale): number[] {
  if (low === high) return [low];
  return roundTicks(low, high, 6).filter((tick) => Number.isInteger(tick) && tick >= low && tick <= high);
}

const reference = (value: number, y: Scale): Html =>
  html`<line class="reference" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y.at(value).toFixed(1)}" y2="${y.at(value).toFixed(1)}"/>`;

function line({ points, tone }: Series, x: Scale, y: Scale): Html {
  const at = points.map(([px, py]) => `${x.at(px).toFixed(1)},${y.at(py).toFixed(1)}`);
  const [cx, cy] = at.at(-1)!.split(',') as [string, string];
  return html`<polyline class="line ${tone}" points="${at.join(' ')}"/><circle class="end ${tone}" cx="${cx}" cy="${cy}" r="3.2"/>`;
}
