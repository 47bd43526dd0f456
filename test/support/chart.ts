import type { Chart, EmptyChart } from '../../src/charts/chart.ts';
import { chartFigure } from '../../src/charts/figure.ts';
import { markupDocument } from '../../src/charts/markup-document.ts';

/** A chart as markup, as reports contain it. */
export const markupOf = (chart: Chart | EmptyChart, widths: readonly number[] = [320]): string =>
  chartFigure(chart, { document: markupDocument(), widths, tip: false }).outerHTML;

/** The texts of the elements of one name, tags within them removed. */
export const textsOf = (markup: string, name: string): string[] =>
  [...markup.matchAll(new RegExp(`<${name}[ >].*?</${name}>`, 'gs'))].map(([element]) =>
    element.replace(/<title>.*?<\/title>/gs, '').replace(/<[^>]+>/g, ''),
  );

/** The texts of the ticks of an axis. */
export function ticksOf(markup: string, axis: 'x' | 'y'): string[] {
  const labels = new RegExp(`<g[^>]* data-mark="${axis}-axis tick label".*?</g>`, 's').exec(markup);
  return labels ? textsOf(labels[0], 'text') : [];
}

/** The cells of the table of a chart, row by row, the head first. */
export const cellsOf = (markup: string): string[][] =>
  [...markup.matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) =>
    [...row.matchAll(/<(t[hd])[ >].*?<\/\1>/gs)].map(([cell]) => cell.replace(/<[^>]+>/g, '')),
  );

/** The texts of the tooltips. */
export const tooltipsOf = (markup: string): string[] =>
  [...markup.matchAll(/<title>(.*?)<\/title>/gs)].map(([, text]) => text!);

/** The values of an attribute of the marks that have a colour: `numbersOf(markup, 'fill=1', 'cx')`. */
export function numbersOf(markup: string, marks: string, attribute: string): number[] {
  const [property, color] = marks.split('=');
  const group = new RegExp(`<g[^>]* ${property}="var\\(--chart-${color}\\)"[^>]*>(.*?)</g>`, 's').exec(
    markup,
  );
  return [...(group?.[1] ?? '').matchAll(new RegExp(` ${attribute}="([-\\d.]+)"`, 'g'))].map(([, text]) =>
    Number(text),
  );
}
