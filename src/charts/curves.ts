import type { Axis, Chart, EmptyChart } from './chart.ts';
import { type LineSeries, linePlot, tableCells } from './lines.ts';

export interface CurvesChart {
  readonly title: string;
  /** What each curve belongs to, such as `group`. */
  readonly row: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly LineSeries[];
}

const HEIGHT = 150;

/** A small picture per curve, all on one scale, and one table. */
export function curvesChart({ title, row, x, y, curves }: CurvesChart): Chart | EmptyChart {
  const known = curves.filter(({ points }) => points.length > 0);
  if (known.length === 0) return { title, empty: `No ${row} has a value: ${y.label}.` };
  const values = known.flatMap(({ points }) => points.map(([, value]) => value));
  const common = { ...y, include: [Math.min(...values), Math.max(...values)] };
  const lasts = known.map(({ name, points }) => `${name} ${y.format(points.at(-1)![1])}`);
  const cells = tableCells(known, y);
  return {
    title,
    description: `${title}, at the last point: ${lasts.join('; ')}`,
    legend: [],
    plots: known.map((curve, i) => ({
      caption: lasts[i]!,
      options: (frame) => linePlot({ x, y: common, series: [curve], height: HEIGHT }, frame),
    })),
    table: {
      head: [row, ...cells.map(([at]) => x.format(at))],
      rows: known.map(({ name }, i) => [name, ...cells.map(([, each]) => each[i]!)]),
    },
  };
}
