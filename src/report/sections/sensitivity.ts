import { type Html, html } from '../html.ts';
import { formatPercent } from '../quantities.ts';
import type { RunRecord, SensitivityCurve } from '../run-record.ts';
import { linearScale } from '../scale.ts';

const SIZE = { width: 190, height: 84 };
const PLOT = { left: 4, right: 186, top: 6, bottom: 78 };

/** Accuracy or output error when one group alone is pruned: one small chart per group, on a common scale. */
export function sensitivitySection({ sensitivity }: RunRecord): Html | null {
  if (sensitivity.length === 0) return null;
  const labelled = sensitivity.every(({ points }) => points.every(isByAccuracy));
  const curves = sensitivity.map((curve) => ({ curve, points: pointsOf(curve, labelled) }));
  const values = curves.flatMap(({ points }) => points.map(([, y]) => y));
  const range = [Math.min(...values), Math.max(...values)] as const;
  const what = labelled ? 'Top-1 accuracy' : 'Output error ‖y − y₀‖/‖y₀‖';
  return html`<section><h2>Sensitivity</h2>
<p class="lead">${what} on calibration images when channels of only one group are removed, from none on the left to all on the right; every chart
ranges from ${formatPercent(range[0], 0)} to ${formatPercent(range[1], 0)}. The number is the value at the last point.</p>
<div class="sparks">${curves.map(({ curve, points }) => spark(curve, points, range))}</div></section>`;
}

/** Whether accuracy suffices, because class scores are the only output. */
const isByAccuracy = ({ top1, outputErrors }: SensitivityCurve['points'][number]): boolean =>
  typeof top1 === 'number' && Object.keys(outputErrors).length <= 1;

type Point = readonly [ratio: number, value: number];

const pointsOf = ({ points }: SensitivityCurve, labelled: boolean): Point[] =>
  points.map(({ ratio, top1, outputError }) => [ratio, labelled ? top1! : outputError]);

function spark(
  curve: SensitivityCurve,
  points: readonly Point[],
  [low, high]: readonly [number, number],
): Html {
  const x = linearScale(0, 1, [PLOT.left, PLOT.right]);
  const y = linearScale(low, high, [PLOT.bottom, PLOT.top]);
  const at = points.map(([ratio, value]) => `${x.at(ratio).toFixed(1)},${y.at(value).toFixed(1)}`);
  const [cx, cy] = at.at(-1)!.split(',') as [string, string];
  const [root, ...others] = curve.layers;
  const more = others.length > 0 && html` <small>and ${others.length} more</small>`;
  const told = points.map(
    ([ratio, value]) => `${formatPercent(value, 1)} with ${formatPercent(ratio, 0)} removed`,
  );
  const last = Object.entries(curve.points.at(-1)!.outputErrors);
  const each =
    last.length > 1 && last.map(([name, error]) => `${name} ${formatPercent(error, 1)}`).join(', ');
  return html`<figure class="spark"><figcaption>${root}<b>${formatPercent(points.at(-1)![1], 1)}</b>${more}${each && html` <small>${each}</small>`}</figcaption>
<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img"><title>${`${root}: ${told.join('; ')}`}</title>
<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}"/>
<polyline class="line leaf" points="${at.join(' ')}"/><circle class="end leaf" cx="${cx}" cy="${cy}" r="3"/></svg></figure>`;
}
