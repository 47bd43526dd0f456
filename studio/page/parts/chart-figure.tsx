import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Chart, EmptyChart } from '../../../src/charts/chart.ts';
import { chartFigure } from '../../../src/charts/figure.ts';
import { chartStyle } from '../../../src/charts/style.ts';

const style = document.createElement('style');
style.textContent = chartStyle;
document.head.append(style);

/** The padding and border of a chart, left and right together, in pixels. */
const FRAME = 34;

/** A chart as wide as its place, with its values as a table, which stays open when the chart is drawn again. */
export function ChartFigure({ chart }: { readonly chart: Chart | EmptyChart }) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry!.contentRect.width)));
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (width <= FRAME) return;
    const isOpen = place.current!.querySelector('details')?.open ?? false;
    const figure = chartFigure(chart, { document, widths: [width - FRAME], tip: true });
    figure.querySelector('details')?.toggleAttribute('open', isOpen);
    place.current!.replaceChildren(figure);
  }, [chart, width]);
  return <div ref={place} />;
}
