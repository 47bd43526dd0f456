import { toneCount } from '../../charts/chart.ts';
import { type LineSeries, lineChart } from '../../charts/lines.ts';
import { formatDuration, formatPercent, significant } from '../../numeric/quantities.ts';
import { countAxis, plainAxis } from '../axes.ts';
import { figure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { RunRecord } from '../run-record.ts';

/** Entropy and invalid filters of each network of a ring by epoch, and the final results. */
export function graftingSection({ grafting: { epochs, ring } }: RunRecord): Html | null {
  if (epochs.length === 0) return null;
  const count = epochs[0]!.networks.length;
  const lines = (
    value: (layers: (typeof epochs)[number]['networks'][number]['layers']) => number,
  ): LineSeries[] =>
    // More lines than colours could not be distinguished.
    Array.from({ length: Math.min(count, toneCount) }, (_, i) => ({
      name: `network ${i + 1}`,
      points: epochs.map(({ epoch, networks }) => [epoch, value(networks[i]!.layers)] as const),
    }));
  const invalid = lines((layers) => layers.reduce((sum, layer) => sum + layer.invalid, 0));
  const entropy = lines((layers) => layers.reduce((sum, layer) => sum + layer.entropy, 0) / layers.length);
  const x = countAxis('epoch');
  return html`<section><h2>Grafting</h2>
<p class="lead">A filter is invalid if its |γ|·Σ|w| is below the threshold. The entropy is that of a layer's weights, averaged over the layers.${count > toneCount && ` The first ${toneCount} of ${count} networks.`}</p>
<div class="charts">
${figure(lineChart({ title: 'Invalid filters', x, y: countAxis('filters', [0]), series: invalid }))}
${figure(lineChart({ title: 'Entropy', x, y: plainAxis('entropy'), series: entropy }))}
</div>${ring && members(ring)}${overhead(epochs)}</section>`;
}

/** How the time of an epoch was spent: the mean over the timed epochs. */
function overhead(epochs: RunRecord['grafting']['epochs']): Html | null {
  const timed = epochs.flatMap(({ times }) => times ?? []);
  if (timed.length === 0) return null;
  const mean = (part: keyof (typeof timed)[number]) =>
    formatDuration(timed.reduce((sum, times) => sum + times[part], 0) / timed.length);
  return html`<p>An epoch took ${mean('seconds')}: training ${mean('training')} (the slowest network), grafting ${mean('graft')}, waiting (for other networks, processes and files) ${mean('waiting')}.</p>`;
}

function members({ members, best, ensemble }: NonNullable<RunRecord['grafting']['ring']>): Html {
  const rows = members.map(
    ({ network, top1, learningRate }) =>
      html`<tr><th scope="row">network ${network}${network === best && ' (the best)'}</th><td class="number">${significant(learningRate)}</td><td class="number">${formatPercent(top1)}</td></tr>`,
  );
  const together =
    typeof ensemble === 'number' &&
    html`<tr><th scope="row">ensemble (mean of the outputs)</th><td></td><td class="number">${formatPercent(ensemble)}</td></tr>`;
  return html`<table><thead><tr><td></td><th class="number">learning rate</th><th class="number">top-1</th></tr></thead><tbody>${rows}${together}</tbody></table>`;
}
