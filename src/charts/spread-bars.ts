import { axisY, barX, cell, type PlotOptions, ruleX, ruleY, tickX } from '@observablehq/plot';
import { type Axis, type Chart, colorOf, type EmptyChart, type PlotFrame, scaleOf } from './chart.ts';

/** A measured value with its spread. */
export interface MeasuredBar {
  readonly name: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Further cells of the table, such as a ratio. */
  readonly more?: readonly string[];
}

export interface SpreadChart {
  readonly title: string;
  readonly axis: Axis;
  readonly values: readonly MeasuredBar[];
  readonly names: {
    /** What is measured, singular, such as `network`. */
    readonly row: string;
    readonly value: string;
    readonly low: string;
    readonly high: string;
    /** Heads of the further cells. */
    readonly more?: readonly string[];
  };
}

const ROW_HEIGHT = 46;

/** A bar per measured value, with its spread as an error bar. The names are above the bars. */
export function spreadChart(chart: SpreadChart): Chart | EmptyChart {
  const { title, axis, values, names } = chart;
  if (values.length === 0) return { title, empty: `No ${names.row} was measured.` };
  const { row, value, low, high, more = [] } = names;
  return {
    title,
    description: `${title}: ${values.map((each) => readingOf(each, chart).replace('\n', ' ')).join('; ')}`,
    legend: [
      { name: value, key: 'bar' },
      { name: `${low} to ${high}`, key: 'range' },
    ],
    plots: [{ options: (frame) => plotOf(chart, frame) }],
    table: {
      head: [row, value, low, high, ...more],
      rows: values.map((each) => [
        each.name,
        ...[each.value, each.low, each.high].map(axis.format),
        ...(each.more ?? []),
      ]),
    },
  };
}

const readingOf = ({ name, value, low, high }: MeasuredBar, { axis: { format } }: SpreadChart): string =>
  `${name}\n${format(value)} (${format(low)} – ${format(high)})`;

function plotOf(chart: SpreadChart, { width, tip }: PlotFrame): PlotOptions {
  const { axis, values } = chart;
  const rows = values.map((each, y) => ({ ...each, y, title: readingOf(each, chart) }));
  const ys = rows.map(({ y }) => y);
  const range = { y: 'y', stroke: colorOf('range'), strokeWidth: 1.6 };
  return {
    width,
    height: ROW_HEIGHT * values.length + 44,
    marginLeft: 4,
    marginRight: 16,
    marginTop: 4,
    marginBottom: 40,
    x: { ...scaleOf(axis), labelAnchor: 'center', grid: true, zero: true, ticks: width > 500 ? 6 : 4 },
    y: { type: 'band', domain: ys, paddingInner: 0.62, paddingOuter: 0.4, axis: null },
    marks: [
      axisY(ys, {
        tickSize: 0,
        tickPadding: 0,
        tickFormat: (y: number) => `${values[y]!.name}  ${axis.format(values[y]!.value)}`,
        label: null,
        textAnchor: 'start',
        dx: 4,
        dy: -17,
        lineWidth: (width - 20) / 12,
        textOverflow: 'ellipsis-middle',
      }),
      barX(rows, { y: 'y', x1: 0, x2: 'value', fill: colorOf(1) }),
      ruleY(rows, { ...range, x1: 'low', x2: 'high' }),
      tickX(rows, { ...range, x: 'low', insetTop: 4, insetBottom: 4 }),
      tickX(rows, { ...range, x: 'high', insetTop: 4, insetBottom: 4 }),
      ruleX([0]),
      cell(rows, { y: 'y', fill: 'transparent', title: 'title', tip, className: 'reading' }),
    ],
  };
}
