import { axisY, barX, cell, type PlotOptions, ruleX, text, tickX } from '@observablehq/plot';
import { type Axis, type Chart, colorOf, type EmptyChart, type PlotFrame, scaleOf } from './chart.ts';

/** A row: a value, optionally with the value before, and with others to compare with. */
export interface Bar {
  readonly name: string;
  readonly before?: number | undefined;
  readonly after: number;
  /** Written beside the bar, such as `52 %`. */
  readonly note: string;
  /** Drawn as thin lines. */
  readonly others?: readonly { readonly name: string; readonly value: number }[];
  /** Further cells of the table. */
  readonly more?: readonly string[];
}

export interface BarChart {
  readonly title: string;
  readonly axis: Axis;
  readonly bars: readonly Bar[];
  readonly names: BarNames;
}

/** What the rows of a bar chart and their values are called. */
export interface BarNames {
  /** Singular, such as `layer`. */
  readonly row: string;
  /** Missing if no bar has a value before. */
  readonly before?: string;
  readonly after: string;
  readonly note: string;
  /** Missing if no bar has other values. */
  readonly others?: string;
  /** Heads of the further cells. */
  readonly more?: readonly string[];
}

const ROW_HEIGHT = 22;
/** The largest part of the width for the names of the rows, and the width of a character in pixels. */
const NAMES = { part: 0.34, character: 7 };
const NOTE_WIDTH = 64;
/** Size of the axis' text in pixels. */
const EM = 12;

/** One bar per row, in front of a paler bar with the value before. */
export function barChart(chart: BarChart): Chart | EmptyChart {
  const { title, axis, bars, names } = chart;
  if (bars.length === 0) return { title, empty: `No ${names.row} has a value: ${axis.label}.` };
  const { row, before, after, note, others, more = [] } = names;
  return {
    title,
    description: `${title} by ${row}: ${bars.map((bar) => `${bar.name} ${axis.format(bar.after)}`).join(', ')}`,
    legend: [
      ...(before ? [{ name: before, key: 'pale' as const }] : []),
      { name: after, key: 'bar' },
      ...(others ? [{ name: others, key: 'tick' as const }] : []),
    ],
    plots: [{ options: (frame) => plotOf(chart, frame) }],
    table: {
      head: [row, ...(before ? [before] : []), after, note, ...(others ? [others] : []), ...more],
      rows: bars.map((bar) => [
        bar.name,
        ...(before ? [bar.before === undefined ? '–' : axis.format(bar.before)] : []),
        axis.format(bar.after),
        bar.note,
        ...(others ? [othersOf(bar, axis).join(', ')] : []),
        ...(bar.more ?? []),
      ]),
    },
  };
}

const othersOf = ({ others = [] }: Bar, { format }: Axis): string[] =>
  others.map(({ name, value }) => `${name} ${format(value)}`);

function plotOf({ axis, bars, names }: BarChart, { width, tip }: PlotFrame): PlotOptions {
  const longest = Math.max(...bars.map(({ name }) => name.length));
  const marginLeft = Math.round(Math.min(NAMES.part * width, NAMES.character * longest + 12));
  const rows = bars.map((bar, y) => ({ ...bar, y, title: readingOf(bar, axis, names) }));
  const most = Math.max(...bars.flatMap(({ before = 0, after }) => [before, after]));
  // Values beyond the bars are in the table and the tooltips only.
  const others = rows.flatMap(({ others = [], y }) =>
    others.flatMap(({ value }) => (value <= most ? [{ value, y }] : [])),
  );
  const ys = rows.map(({ y }) => y);
  const beside = { textAnchor: 'start', dx: 6 } as const;
  return {
    width,
    height: ROW_HEIGHT * bars.length + 60,
    marginLeft,
    marginRight: NOTE_WIDTH,
    marginTop: 20,
    marginBottom: 40,
    x: { ...scaleOf(axis), labelAnchor: 'center', grid: true, zero: true, ticks: width > 500 ? 6 : 3 },
    y: { type: 'band', domain: ys, padding: 0.3, axis: null },
    marks: [
      axisY(ys, {
        tickSize: 0,
        tickFormat: (y: number) => bars[y]!.name,
        label: null,
        lineWidth: (marginLeft - 8) / EM,
        textOverflow: 'ellipsis-middle',
      }),
      barX(
        rows.filter(({ before }) => before !== undefined),
        { y: 'y', x1: 0, x2: 'before', fill: colorOf('pale') },
      ),
      barX(rows, { y: 'y', x1: 0, x2: 'after', fill: colorOf(1) }),
      tickX(others, { y: 'y', x: 'value', stroke: colorOf('tick'), strokeWidth: 2 }),
      ruleX([0]),
      text([names.note], { ...beside, frameAnchor: 'top-right', dy: -14 }),
      text(rows, { ...beside, y: 'y', text: 'note', frameAnchor: 'right' }),
      cell(rows, { y: 'y', fill: 'transparent', title: 'title', tip, className: 'reading' }),
    ],
  };
}

/** The text of a tooltip. */
const readingOf = (bar: Bar, axis: Axis, names: BarNames): string =>
  [
    bar.name,
    ...(bar.before === undefined ? [] : [`${names.before} ${axis.format(bar.before)}`]),
    `${names.after} ${axis.format(bar.after)}`,
    `${names.note} ${bar.note}`,
    ...othersOf(bar, axis),
    ...(bar.more ?? []).map((text, i) => `${names.more?.[i]} ${text}`),
  ].join('\n');
