import { epochCharts } from '../epoch-charts.ts';
import { figure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { RunRecord } from '../run-record.ts';

/** The values of the epochs as charts. */
export function curvesSection(record: RunRecord): Html | null {
  if (record.epochs.length === 0) return null;
  return html`<section><h2>Epoch by epoch</h2><div class="charts">
${epochCharts(record).map((chart) => figure(chart))}
</div></section>`;
}
