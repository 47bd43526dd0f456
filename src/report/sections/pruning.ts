import { barChart } from '../../charts/bars.ts';
import { type LineSeries, lineChart } from '../../charts/lines.ts';
import { formatPercent } from '../../numeric/quantities.ts';
import { countAxis, percentAxis } from '../axes.ts';
import { figure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { PrunePoint, RunRecord, StagePoint } from '../run-record.ts';

/** For each pruning step: the remaining size, and the accuracy after pruning, after each recovery and after retraining. */
export function pruningSection({ pruning }: RunRecord): Html | null {
  const { original, steps } = pruning;
  const stages = [...new Set(steps.flatMap((step) => step.stages.map(({ stage }) => stage)))];
  const counted = steps.some(({ left }) => left !== null);
  if (stages.length === 0 && !(counted && steps.length > 1)) return null;
  const left = counted && html`<th class="number">MACs kept</th><th class="number">parameters kept</th>`;
  return html`<section><h2>Pruning, step by step</h2>
<p class="lead">${leadOf(steps)}${original !== null && `; top-1 ${formatPercent(original)} before pruning`}.</p>
<div class="scrolling" tabindex="0" role="group" aria-label="Steps"><table><thead><tr><th>step</th><th>target</th>${left}${stages.map((stage) => html`<th class="number">${titles[stage] ?? stage}</th>`)}</tr></thead>
<tbody>${steps.map((step) => row(step, { stages, counted }))}</tbody></table></div>
${steps.length > 1 && html`<div class="charts">${stepCharts(pruning, stages)}</div>`}</section>`;
}

/** By step: accuracy and output error after each stage, and the remaining part of the MACs and parameters. */
function stepCharts({ original, steps }: RunRecord['pruning'], stages: readonly string[]): Html[] {
  const byStage = (value: (stage: StagePoint) => number | null | undefined): LineSeries[] =>
    stages.map((name) => ({
      name: titles[name] ?? name,
      points: steps.flatMap(({ number, stages }): [number, number][] => {
        const stage = stages.find((each) => each.stage === name);
        const y = stage && value(stage);
        return y == null ? [] : [[number, y]];
      }),
    }));
  const left = (cost: 'macs' | 'parameters') =>
    steps.flatMap(({ number, left }): [number, number][] => (left ? [[number, left[cost]]] : []));
  const reference = original === null ? undefined : { name: 'before pruning', y: original };
  const charts = [
    { title: 'Accuracy', y: percentAxis('top-1 accuracy'), series: byStage(({ top1 }) => top1), reference },
    {
      title: 'Output error',
      y: percentAxis('output error', [0]),
      series: byStage(({ outputError }) => outputError),
    },
    {
      title: 'Size',
      y: percentAxis('of the original', [0, 1]),
      series: [
        { name: 'MACs', points: left('macs') },
        { name: 'parameters', points: left('parameters') },
      ],
    },
  ];
  return charts
    .filter(({ series }) => series.some(({ points }) => points.length > 0))
    .map((chart) => figure(lineChart({ x: countAxis('step'), ...chart })));
}

/** The paragraph that explains the cells of the table. */
function leadOf(steps: readonly PrunePoint[]): string {
  const stages = steps.flatMap((step) => step.stages);
  if (stages.length === 0) return 'What each step kept of the original network';
  const error = 'the output error ‖y − y₀‖/‖y₀‖, with y₀ from before pruning,';
  const when = 'on test images after each stage';
  if (stages.every(({ top1 }) => top1 == null)) return `${error[0]!.toUpperCase()}${error.slice(1)} ${when}`;
  return stages.every(({ outputError }) => outputError == null)
    ? `Top-1 accuracy ${when}`
    : `Top-1 accuracy and ${error} ${when}`;
}

const titles: Readonly<Record<string, string>> = {
  cut: 'after the cut',
  recalibrate: 'statistics recalibrated',
  reconstruct: 'weights reconstructed',
  retrained: 'retrained',
  distilled: 'distilled',
};

interface StepColumns {
  readonly stages: readonly string[];
  /** Whether costs are known for some step. */
  readonly counted: boolean;
}

function row({ number, target, left, stages }: PrunePoint, { stages: names, counted }: StepColumns): Html {
  const found = new Map(stages.map((stage) => [stage.stage, stage]));
  const goal =
    target.measure === 'ratio'
      ? `${formatPercent(target.fraction, 1)} of channels removed`
      : `${formatPercent(target.fraction, 1)} of ${measures[target.measure] ?? target.measure}`;
  const cells = names.map((name) => {
    const stage = found.get(name);
    return html`<td class="number">${stage ? cellOf(stage) : '–'}</td>`;
  });
  const parts = [left?.macs, left?.parameters].map(
    (part) => html`<td class="number">${part === undefined ? '–' : formatPercent(part, 1)}</td>`,
  );
  return html`<tr><th scope="row">${number}</th><td>${goal}</td>${counted && parts}${cells}</tr>`;
}

/** The accuracy if known, the mean output error, the error of each output if there are several, and agreements with a teacher. */
function cellOf({ top1, outputError, outputErrors, agreements }: StagePoint): Html {
  const each = Object.entries(outputErrors);
  const text = [top1, outputError].flatMap((value) => (value == null ? [] : [formatPercent(value)]));
  const same = Object.entries(agreements).map(
    ([name, part]) => `same class in ${name} ${formatPercent(part, 1)}`,
  );
  const errors = each.length > 1 ? each.map(([name, error]) => `${name} ${formatPercent(error, 1)}`) : [];
  const beside = [...errors, ...same];
  return html`${text.join(', ')}${beside.length > 0 && html` <small>${beside.join(', ')}</small>`}`;
}

const measures: Readonly<Record<string, string>> = {
  macs: 'MACs',
  parameters: 'parameters',
  latency: 'latency',
};

/** The number of channels of each group before and after. */
export function widthsSection({ pruning: { groups } }: RunRecord): Html | null {
  if (groups.length === 0) return null;
  const bars = groups.map(({ layers: [root = '', ...others], channels, kept }) => ({
    name: others.length > 0 ? `${root} and ${others.length} more` : root,
    before: channels,
    after: kept,
    note: formatPercent(kept / channels, 0),
  }));
  const names = { row: 'coupled layers', before: 'before', after: 'after', note: 'kept' };
  return html`<section><h2>Widths</h2>
${figure(barChart({ title: 'Channels of coupled layers', axis: countAxis('channels', [0]), bars, names }), 'page')}</section>`;
}
