import { type Html, html } from '../html.ts';
import { formatMacs, formatPercent } from '../quantities.ts';
import type { RunRecord } from '../run-record.ts';

/** The MACs of each layer: before as a pale bar, after as a solid one. */
export function layersSection({ layers }: RunRecord): Html | null {
  const before = layers?.before.filter(({ macs }) => macs > 0) ?? [];
  if (!layers || before.length === 0) return null;
  const after = new Map(layers.after.map((layer) => [layer.name, layer.macs]));
  const largest = Math.max(...before.map(({ macs }) => macs));
  const rows = before.map(({ name, macs }) => {
    const now = after.get(name) ?? 0;
    return html`<tr><th scope="row">${name}</th><td class="bar"><span class="was" style="width:${width(macs, largest)}%"><span class="is" style="width:${width(now, macs)}%"></span></span></td><td class="number">${formatMacs(macs)}</td><td class="number">${formatMacs(now)}</td><td class="number">${formatPercent(now / macs, 0)}</td></tr>`;
  });
  return html`<section><h2>Layer by layer</h2>
<table class="layers"><thead><tr><th>layer</th><th>MACs</th><th class="number">before</th><th class="number">after</th><th class="number">kept</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

const width = (value: number, of: number): string => Math.min(100, (100 * value) / of).toFixed(1);

/** Layers that were not changed, with the reason. */
export function leftAloneSection({ leftAlone }: RunRecord): Html | null {
  if (leftAlone.length === 0) return null;
  const rows = leftAlone.map(
    ({ name, reason }) => html`<tr><th scope="row">${name}</th><td>${reason}</td></tr>`,
  );
  return html`<section><h2>Left alone</h2><table class="reasons"><thead><tr><th>layer</th><th>why</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}
