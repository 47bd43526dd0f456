import type { Chart, EmptyChart } from '../charts/chart.ts';
import { chartFigure } from '../charts/figure.ts';
import { markupDocument } from '../charts/markup-document.ts';
import { type Html, trusted } from './html.ts';

/** Widths of pictures in pixels: several in a chart, a chart in a column, and one across the page, for screens and phones. */
const widths = { small: [220], column: [300], page: [956, 324] } as const;

/** A chart as part of a page, without a script. */
export const figure = (chart: Chart | EmptyChart, place: keyof typeof widths = 'column'): Html =>
  trusted(chartFigure(chart, { document: markupDocument(), widths: widths[place], tip: false }).outerHTML);
