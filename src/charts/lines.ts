import { type Data, dot, line, type Markish, type PlotOptions, ruleX, ruleY } from '@observablehq/plot';
import {
  type Axis,
  type Chart,
  colorOf,
  type EmptyChart,
  type PlotFrame,
  type SeriesTone,
  scaleOf,
  toneOf,
} from './chart.ts';

/** Points connected by a line, in ascending order of x. */
export interface LineSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Default: by its place among the series. */
  readonly tone?: SeriesTone | undefined;
}

/** The picture of a line chart. */
export interface LinePlot {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly LineSeries[];
  /** A dashed horizontal line. */
  readonly reference?: { readonly name: string; readonly y: number } | undefined;
  /** Whether the values of x have no order, so that no line connects them. */
  readonly unordered?: boolean;
  readonly height?: number;
}

export interface LineChart extends LinePlot {
  readonly title: string;
}

/** Only the last point has a dot if a series has more points than these. */
const DOTTED_POINTS = 12;
/** Up to this number, every value of x has a tick. */
const TICKED_VALUES = 6;

/** Values over epochs, steps or learning rates: one line per series. */
export function lineChart(chart: LineChart): Chart | EmptyChart {
  const { title, x, y, reference } = chart;
  const series = chart.series.filter(({ points }) => points.length > 0);
  if (series.length === 0) return { title, empty: `No value was recorded: ${y.label}.` };
  const lasts = series.map(({ name, points, tone }, i) => ({
    name,
    key: tone ?? toneOf(i),
    value: y.format(points.at(-1)![1]),
  }));
  const ends = series.map(({ points }, i) => {
    const { name, value } = lasts[i]!;
    return points.length === 1 ? `${name} ${value}` : `${name} from ${y.format(points[0]![1])} to ${value}`;
  });
  const dashed = reference && { name: reference.name, key: 'dashed' as const, value: y.format(reference.y) };
  return {
    title,
    description: `${title} by ${x.label}: ${ends.join('; ')}`,
    legend: dashed ? [...lasts, dashed] : lasts,
    plots: [{ options: (frame) => linePlot({ ...chart, series }, frame) }],
    table: {
      head: [x.label, ...series.map(({ name }) => name)],
      rows: tableCells(series, y).map(([at, cells]) => [x.format(at), ...cells]),
    },
  };
}

/** The texts of all series at each x, `–` where a series has no value. */
export function tableCells(
  series: readonly LineSeries[],
  { format }: Axis,
): [x: number, cells: readonly string[]][] {
  const known = series.map(({ points }) => new Map(points));
  return valuesOfX(series).map((x) => [
    x,
    known.map((points) => (points.has(x) ? format(points.get(x)!) : '–')),
  ]);
}

const valuesOfX = (series: readonly LineSeries[]): number[] =>
  [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);

/** The options of Observable Plot for lines. */
export function linePlot(chart: LinePlot, frame: PlotFrame): PlotOptions {
  const { x, y, series, reference, height = 210 } = chart;
  const xs = valuesOfX(series);
  return {
    width: frame.width,
    height,
    marginLeft: 52,
    marginRight: 12,
    marginTop: 24,
    marginBottom: 38,
    insetLeft: 6,
    insetRight: 6,
    x: {
      ...scaleOf(x),
      labelAnchor: 'center',
      ...(xs.length <= TICKED_VALUES && { ticks: xs }),
      ...(xs.length === 1 && { domain: [xs[0]! - 1, xs[0]! + 1] }),
    },
    y: { ...scaleOf(y), grid: true, nice: true, ticks: 4 },
    marks: [
      ruleY(y.include ?? [], { strokeOpacity: 0 }),
      reference && ruleY([reference.y], { stroke: colorOf('dashed'), strokeDasharray: '4 4' }),
      ...series.map((each, i) => lineOf(each, { tone: each.tone ?? toneOf(i), unordered: chart.unordered })),
      readings(chart, frame),
    ],
  };
}

function lineOf(
  { points }: LineSeries,
  { tone, unordered = false }: { readonly tone: SeriesTone; readonly unordered: boolean | undefined },
): Markish {
  const stroke = colorOf(tone);
  const dotted = points.length > DOTTED_POINTS ? points.slice(-1) : points;
  const dots = dot(dotted as Data, { fill: stroke, r: 2.8 });
  return unordered ? dots : [line(points as Data, { stroke, strokeWidth: 2 }), dots];
}

/** An invisible rule at each x, whose tooltip has the values of all series there. */
function readings({ x, y, series }: LinePlot, { width, tip }: PlotFrame): Markish {
  const cells = tableCells(series, y);
  return ruleX(cells, {
    x: '0',
    title: ([at, texts]: (typeof cells)[number]) =>
      [`${x.label} ${x.format(at)}`, ...series.map(({ name }, i) => `${name} ${texts[i]}`)].join('\n'),
    tip,
    className: 'reading',
    strokeOpacity: 0,
    strokeWidth: Math.max(3, Math.min(24, width / (cells.length + 1))),
  });
}
