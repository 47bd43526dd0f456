import { curvesChart } from '../../charts/curves.ts';
import { formatPercent } from '../../numeric/quantities.ts';
import { percentAxis } from '../axes.ts';
import { figure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { RunRecord, SensitivityCurve } from '../run-record.ts';

/** Accuracy or output error when one group alone is pruned: one small chart per group, on a common scale. */
export function sensitivitySection({ sensitivity }: RunRecord): Html | null {
  if (sensitivity.length === 0) return null;
  const labelled = sensitivity.every(({ points }) => points.every(isByAccuracy));
  const what = labelled ? 'Top-1 accuracy' : 'Output error ‖y − y₀‖/‖y₀‖';
  const chart = curvesChart({
    title: `${what} by removed channels`,
    row: 'group',
    x: { ...percentAxis('channels removed'), format: (ratio) => `${Math.round(100 * ratio)} %` },
    y: percentAxis(labelled ? 'top-1 accuracy' : 'output error'),
    curves: sensitivity.map(({ layers: [root = '', ...others], points }) => ({
      name: others.length > 0 ? `${root} and ${others.length} more` : root,
      points: points.map(({ ratio, top1, outputError }) => [ratio, labelled ? top1! : outputError] as const),
    })),
  });
  return html`<section><h2>Sensitivity</h2>
<p class="lead">${what} on calibration images when channels of only one group are removed; all charts have the same scale. The number is the
value at the last point.</p>
${figure(chart, 'small')}${outputsTable(sensitivity)}</section>`;
}

/** Whether accuracy suffices, because class scores are the only output. */
const isByAccuracy = ({ top1, outputErrors }: SensitivityCurve['points'][number]): boolean =>
  typeof top1 === 'number' && Object.keys(outputErrors).length <= 1;

/** The error of each output at the last point, if there are several outputs. */
function outputsTable(sensitivity: RunRecord['sensitivity']): Html | null {
  const lasts = sensitivity.map(({ layers, points }) => ({ layers, errors: points.at(-1)!.outputErrors }));
  const names = [...new Set(lasts.flatMap(({ errors }) => Object.keys(errors)))];
  if (names.length < 2) return null;
  const cell = (error: number | undefined) =>
    html`<td class="number">${error === undefined ? '–' : formatPercent(error, 1)}</td>`;
  const rows = lasts.map(
    ({ layers, errors }) =>
      html`<tr><th scope="row">${layers[0]}</th>${names.map((name) => cell(errors[name]))}</tr>`,
  );
  return html`<table><thead><tr><th>error of each output at the last point</th>${names.map((name) => html`<th class="number">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`;
}
