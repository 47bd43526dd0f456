import { type PlotOptions, plot } from '@observablehq/plot';
import type { Chart, ChartPlot, ChartTable, EmptyChart, LegendEntry } from './chart.ts';
import type { ChartDocument, ChartElement } from './markup-document.ts';

export interface FigureOptions<E extends ChartElement> {
  /** The page's document, or {@link markupDocument}. */
  readonly document: ChartDocument<E>;
  /** Widths in pixels. Of two, the style sheet shows the first on wide screens and the second on narrow ones. */
  readonly widths: readonly number[];
  /** Whether tooltips follow the pointer; else they are native ones, without a script. */
  readonly tip: boolean;
}

/**
 * A chart as an element: title and legend, the pictures, and the values as a table. Its classes are those of
 * {@link chartStyle}.
 */
export function chartFigure<E extends ChartElement>(chart: Chart | EmptyChart, options: FigureOptions<E>): E {
  const make = makerIn(options.document);
  const title = make('h3', {}, chart.title);
  if ('empty' in chart)
    return make('figure', { class: 'chart' }, make('figcaption', {}, title), make('p', {}, chart.empty));
  const { legend, plots, table } = chart;
  return make(
    'figure',
    { class: plots.length > 1 ? 'chart several' : 'chart' },
    make('figcaption', {}, title, ...(legend.length > 0 ? [legendOf(legend, make)] : [])),
    make('div', { class: 'plots' }, ...plots.map((each) => pictures(each, chart, { ...options, make }))),
    tableOf(table, { title: chart.title, make }),
  );
}

/** Creates an HTML element. */
type Make<E> = (name: string, attributes: Readonly<Record<string, string>>, ...children: unknown[]) => E;

const makerIn =
  <E extends ChartElement>(document: ChartDocument<E>): Make<E> =>
  (name, attributes, ...children) => {
    const element = document.createElementNS('http://www.w3.org/1999/xhtml', name);
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    element.append(...children);
    return element;
  };

const legendOf = <E>(legend: readonly LegendEntry[], make: Make<E>): E =>
  make(
    'ul',
    { class: 'legend' },
    ...legend.map(({ name, key, value }) =>
      make(
        'li',
        {},
        make('span', { class: `key key-${key}` }),
        name,
        ...(value === undefined ? [] : [' ', make('b', {}, value)]),
      ),
    ),
  );

interface PictureOptions<E extends ChartElement> extends FigureOptions<E> {
  readonly make: Make<E>;
}

/** A picture at each width. */
function pictures<E extends ChartElement>(
  { caption, options }: ChartPlot,
  { description }: Chart,
  { document, widths, tip, make }: PictureOptions<E>,
): E {
  const drawn = widths.map((width, i) => {
    const svg = plot({
      ...options({ width, tip }),
      document: document as unknown as PlotOptions['document'],
      ariaLabel: caption ?? description,
    });
    svg.setAttribute('role', 'img');
    for (const mark of svg.children) nameMark(mark);
    const kind = ['wide', 'narrow'][i]!;
    return make('div', { class: widths.length > 1 ? `plot ${kind}` : 'plot' }, svg);
  });
  return make('div', {}, ...(caption ? [make('p', {}, caption)] : []), ...drawn);
}

/** Plot names its marks by `aria-label`, which elements without a role must not have. */
function nameMark(mark: ChartElement): void {
  const name = mark.getAttribute('aria-label');
  if (name === null) return;
  mark.removeAttribute('aria-label');
  mark.setAttribute('data-mark', name);
}

interface TableOptions<E> {
  readonly title: string;
  readonly make: Make<E>;
}

function tableOf<E>({ head, rows }: ChartTable, { title, make }: TableOptions<E>): E {
  const number = (i: number): Readonly<Record<string, string>> => (i === 0 ? {} : { class: 'number' });
  const heads = head.map((text, i) => make('th', { scope: 'col', ...number(i) }, text));
  const body = rows.map((cells) =>
    make(
      'tr',
      {},
      ...cells.map((text, i) =>
        i === 0 ? make('th', { scope: 'row' }, text) : make('td', { class: 'number' }, text),
      ),
    ),
  );
  const table = make('table', {}, make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...body));
  // A table that is wider than its chart scrolls, by the keyboard, too.
  const scrolled = { class: 'scrolled', tabindex: '0', role: 'group', 'aria-label': `${title}: values` };
  return make('details', {}, make('summary', {}, 'Values as a table'), make('div', scrolled, table));
}
