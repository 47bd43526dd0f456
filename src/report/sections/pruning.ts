import { type Html, html } from '../html.ts';
import { formatCount, formatPercent } from '../quantities.ts';
import type { GroupPoint, PrunePoint, RunRecord } from '../run-record.ts';

/** For each cut: how far it went, and the accuracy after it, after each recovery and after retraining. */
export function pruning({ pruning }: RunRecord): Html | null {
  const { original, steps } = pruning;
  const stages = [...new Set(steps.flatMap((step) => step.stages.map(({ stage }) => stage)))];
  if (stages.length === 0) return null;
  return html`<section><h2>Cut by cut</h2>
<p class="lead">Top-1 accuracy on the test images after each cut and each recovery from it${original !== null && `; ${formatPercent(original)} before the first`}.</p>
<table><thead><tr><th>step</th><th>target</th>${stages.map((stage) => html`<th class="number">${titles[stage] ?? stage}</th>`)}</tr></thead>
<tbody>${steps.map((step) => row(step, stages))}</tbody></table></section>`;
}

const titles: Readonly<Record<string, string>> = {
  cut: 'after the cut',
  recalibrate: 'statistics recalibrated',
  reconstruct: 'weights reconstructed',
  retrained: 'retrained',
};

function row({ number, target, stages }: PrunePoint, names: readonly string[]): Html {
  const found = new Map(stages.map(({ stage, top1 }) => [stage, top1]));
  const goal =
    target.measure === 'ratio'
      ? `${formatPercent(target.fraction, 1)} of channels gone`
      : `${formatPercent(target.fraction, 1)} of ${measures[target.measure] ?? target.measure}`;
  const cells = names.map((name) => {
    const top1 = found.get(name);
    return html`<td class="number">${top1 === undefined ? '–' : formatPercent(top1)}</td>`;
  });
  return html`<tr><th scope="row">${number}</th><td>${goal}</td>${cells}</tr>`;
}

const measures: Readonly<Record<string, string>> = {
  macs: 'MACs',
  parameters: 'parameters',
  latency: 'latency',
};

/** The channels of each group, before as a pale bar and after as a full one. */
export function widths({ pruning: { groups } }: RunRecord): Html | null {
  if (groups.length === 0) return null;
  const largest = Math.max(...groups.map(({ channels }) => channels));
  return html`<section><h2>Widths</h2>
<table class="layers"><thead><tr><th>layers that go together</th><th>channels</th><th class="number">before</th><th class="number">after</th><th class="number">left</th></tr></thead>
<tbody>${groups.map((group) => widthRow(group, largest))}</tbody></table></section>`;
}

function widthRow({ layers, channels, kept }: GroupPoint, largest: number): Html {
  const [root, ...others] = layers;
  const more = others.length > 0 && html`<small>and ${others.length} more</small>`;
  const [was, is] = [(100 * channels) / largest, (100 * kept) / channels];
  return html`<tr><th scope="row">${root}${more}</th><td class="bar"><span class="was" style="width:${was.toFixed(1)}%"><span class="is" style="width:${is.toFixed(1)}%"></span></span></td><td class="number">${formatCount(channels)}</td><td class="number">${formatCount(kept)}</td><td class="number">${formatPercent(kept / channels, 0)}</td></tr>`;
}
