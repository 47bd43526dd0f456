import {
  type Data,
  dot,
  line,
  type Markish,
  type PlotOptions,
  type TextOptions,
  text,
} from '@observablehq/plot';
import { type Axis, type Chart, colorOf, type EmptyChart, type PlotFrame, scaleOf } from './chart.ts';

/** A network by its cost and its quality. */
export interface ScatterPoint {
  readonly name: string;
  /** Smaller is better, such as MACs or milliseconds. */
  readonly x: number;
  /** Larger is better, such as accuracy. */
  readonly y: number;
}

export interface ScatterChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly points: readonly ScatterPoint[];
}

/** More points than these are named by tooltips and the table only. */
const NAMED_POINTS = 8;

/** Networks by cost and quality; a line connects those of the Pareto front. */
export function scatterChart(chart: ScatterChart): Chart | EmptyChart {
  const { title, x, y, points } = chart;
  if (points.length === 0) return { title, empty: `No network has both ${x.label} and ${y.label}.` };
  const front = paretoFront(points);
  const best = front.map((point) => readingOf(point, chart).replaceAll('\n', ', ')).join('; ');
  return {
    title,
    description: `${title}: ${points.length} networks; Pareto front: ${best}`,
    legend: [
      { name: 'Pareto front', key: 1 },
      ...(front.length < points.length ? [{ name: 'other networks', key: 'pale-dot' as const }] : []),
    ],
    plots: [{ options: (frame) => plotOf(chart, frame) }],
    table: {
      head: ['network', x.label, y.label, 'Pareto front'],
      rows: [...points]
        .sort((a, b) => a.x - b.x)
        .map((point) => [
          point.name,
          x.format(point.x),
          y.format(point.y),
          front.includes(point) ? 'yes' : 'no',
        ]),
    },
  };
}

/** The points for which no other is at least as good in both values, by ascending x; of equal points, the first. */
export function paretoFront<P extends ScatterPoint>(points: readonly P[]): P[] {
  const sorted = [...points].sort((a, b) => a.x - b.x || b.y - a.y);
  let best = -Infinity;
  return sorted.filter(({ y }) => {
    const isBetter = y > best;
    best = Math.max(best, y);
    return isBetter;
  });
}

const readingOf = ({ name, x, y }: ScatterPoint, chart: ScatterChart): string =>
  `${name}\n${chart.x.format(x)}\n${chart.y.format(y)}`;

function plotOf(chart: ScatterChart, { width, tip }: PlotFrame): PlotOptions {
  const { x, y, points } = chart;
  const front = paretoFront(points);
  const others = points.filter((point) => !front.includes(point));
  const at = { x: 'x', y: 'y', r: 4 };
  return {
    width,
    height: 240,
    marginLeft: 52,
    marginRight: 16,
    marginTop: 26,
    marginBottom: 38,
    inset: 12,
    x: { ...scaleOf(x), labelAnchor: 'center', nice: true, ticks: width > 500 ? 6 : 4 },
    y: { ...scaleOf(y), grid: true, nice: true, ticks: 4 },
    marks: [
      line(front as Data, { x: 'x', y: 'y', stroke: colorOf(1), strokeWidth: 1.6 }),
      dot(others as Data, { ...at, fill: colorOf('pale-dot') }),
      dot(front as Data, { ...at, fill: colorOf(1) }),
      ...namesOf(front, points),
      dot(points as Data, {
        x: 'x',
        y: 'y',
        r: 9,
        fill: 'transparent',
        stroke: 'none',
        title: (point: ScatterPoint) => readingOf(point, chart),
        tip,
        className: 'reading',
      }),
    ],
  };
}

/**
 * Names beside the points of the front, where its line does not run: below on the right, above on the left. They stay within
 * the picture.
 */
function namesOf(front: readonly ScatterPoint[], points: readonly ScatterPoint[]): Markish[] {
  if (front.length > NAMED_POINTS) return [];
  const xs = points.map(({ x }) => x);
  const middle = (Math.min(...xs) + Math.max(...xs)) / 2;
  const name: TextOptions = {
    x: 'x',
    y: 'y',
    text: 'name',
    lineWidth: 14,
    textOverflow: 'ellipsis-middle',
    fill: 'currentColor',
    stroke: 'var(--surface)',
    strokeWidth: 4,
  };
  return [
    text(front.filter(({ x }) => x <= middle) as Data, { ...name, textAnchor: 'start', dx: 7, dy: 9 }),
    text(front.filter(({ x }) => x > middle) as Data, { ...name, textAnchor: 'end', dx: -7, dy: -9 }),
  ];
}
