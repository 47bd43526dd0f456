import { barChart } from '../../charts/bars.ts';
import { formatPercent } from '../../numeric/quantities.ts';
import { macsAxis } from '../axes.ts';
import { figure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { RunRecord } from '../run-record.ts';

/** The MACs of each layer before and after. */
export function layersSection({ layers }: RunRecord): Html | null {
  const before = layers?.before.filter(({ macs }) => macs > 0) ?? [];
  if (!layers || before.length === 0) return null;
  const macsAfter = new Map(layers.after.map((layer) => [layer.name, layer.macs]));
  const bars = before.map(({ name, macs }) => {
    const after = macsAfter.get(name) ?? 0;
    return { name, before: macs, after, note: formatPercent(after / macs, 0) };
  });
  const names = { row: 'layer', before: 'before', after: 'after', note: 'kept' };
  return html`<section><h2>Layer by layer</h2>
${figure(barChart({ title: 'MACs of each layer', axis: macsAxis, bars, names }), 'page')}</section>`;
}

/** Layers that were not changed, with the reason. */
export function leftAloneSection({ leftAlone }: RunRecord): Html | null {
  if (leftAlone.length === 0) return null;
  const rows = leftAlone.map(
    ({ name, reason }) => html`<tr><th scope="row">${name}</th><td>${reason}</td></tr>`,
  );
  return html`<section><h2>Left alone</h2><table class="reasons"><thead><tr><th>layer</th><th>why</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}
