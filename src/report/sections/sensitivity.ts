import { type Html, html } from '../html.ts';
import { formatPercent, significant } from '../quantities.ts';
import type { RunRecord, SensitivityCurve } from '../run-record.ts';
import { linearScale } from '../scale.ts';

const SIZE = { width: 190, height: 84 };
const PLOT = { left: 4, right: 186, top: 6, bottom: 78 };

/** The accuracy against the part of its channels that goes, one small chart a group, all on one scale. */
export function sensitivity({ sensitivity }: RunRecord): Html | null {
  if (sensitivity.length === 0) return null;
  const tops = sensitivity.flatMap(({ points }) => points.map(({ top1 }) => top1));
  const range = [Math.min(...tops), Math.max(...tops)] as const;
  return html`<section><h2>Sensitivity</h2>
<p class="lead">Top-1 accuracy on calibration images when one group alone loses channels, from none on the left to all on the right; every chart
reaches from ${formatPercent(range[0], 0)} to ${formatPercent(range[1], 0)}. The figure is the loss at the last point.</p>
<div class="sparks">${sensitivity.map((curve) => spark(curve, range))}</div></section>`;
}

function spark({ layers, points }: SensitivityCurve, [low, high]: readonly [number, number]): Html {
  const x = linearScale(0, 1, [PLOT.left, PLOT.right]);
  const y = linearScale(low, high, [PLOT.bottom, PLOT.top]);
  const at = points.map(({ ratio, top1 }) => `${x.at(ratio).toFixed(1)},${y.at(top1).toFixed(1)}`);
  const [cx, cy] = at.at(-1)!.split(',') as [string, string];
  const [root, ...others] = layers;
  const more = others.length > 0 && html` <small>and ${others.length} more</small>`;
  const last = points.at(-1)!;
  const told = `${root}: ${points.map(({ ratio, top1 }) => `${formatPercent(top1, 1)} with ${formatPercent(ratio, 0)} gone`).join('; ')}`;
  return html`<figure class="spark"><figcaption>${root}<b>${significant(last.loss)}</b>${more}</figcaption>
<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img"><title>${told}</title>
<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}"/>
<polyline class="line leaf" points="${at.join(' ')}"/><circle class="end leaf" cx="${cx}" cy="${cy}" r="3"/></svg></figure>`;
}
