import { formatPercent } from '../../numeric/quantities.ts';
import { type Html, html } from '../html.ts';
import type { RunRecord } from '../run-record.ts';

/** For each output of a network that was trained on a teacher: its error, and the agreement of classes, before and after. */
export function outputsSection({ result }: RunRecord): Html | null {
  const { before, after } = result ?? {};
  const names = Object.keys(after?.outputErrors ?? {});
  if (names.length === 0) return null;
  const cell = (part: number | undefined) =>
    html`<td class="number">${part === undefined ? '–' : formatPercent(part)}</td>`;
  const rows = names.map(
    (name) =>
      html`<tr><th scope="row">${name}</th>${cell(before?.outputErrors?.[name])}${cell(after?.outputErrors?.[name])}${cell(before?.agreements?.[name])}${cell(after?.agreements?.[name])}</tr>`,
  );
  return html`<section><h2>Outputs beside the teacher's</h2>
<p class="lead">The relative error ‖s − t‖₂/‖t‖₂ on test images, of class scores without their mean; and the part of the images, or of the positions of a map, to which both networks give the same class.</p>
<table><thead><tr><th>output</th><th class="number">error before</th><th class="number">after</th><th class="number">same class before</th><th class="number">after</th></tr></thead>
<tbody>${rows}</tbody></table></section>`;
}
