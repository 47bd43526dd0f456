/**
 * The tables of a study, in Markdown, from the record of its run: `npx tsx bench/study-table.ts runs/residual-resnet20`.
 * Every bench step gives one: accuracy, size and latency of its models; then the filters of their convolutions, in order.
 * All graft steps together give one: a row a setting, its seeds side by side.
 */
import { basename, dirname } from 'node:path';
import type { RingResult } from '../src/commands/graft/run.ts';
import { formatCount, formatMacs, formatMs, formatPercent } from '../src/numeric/quantities.ts';
import { mean } from '../src/numeric/statistics.ts';
import { readModelFile } from '../src/onnx/model-file.ts';
import { finishedSteps, type StepOutcome } from '../src/report/steps-record.ts';
import { openRunDirectory } from '../src/training/run-directory.ts';

interface Accurate {
  readonly top1?: number | null;
  readonly after?: { readonly top1?: number };
}

interface Timed {
  readonly path: string;
  readonly medianMs: number;
  readonly ratioSpread: readonly [number, number];
  readonly ratio: number;
  readonly macs: number;
  readonly parameters: number;
}

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: npx tsx bench/study-table.ts DIR');
const steps = [...finishedSteps(openRunDirectory(folder).readEvents()).values()];
for (const { name, data, line } of steps) {
  if (!line.startsWith('espalier bench ')) continue;
  const { models } = data as { models: Timed[] };
  const rows = models.map((model) => [
    titleOf(model.path),
    accuracyOf(model.path, steps),
    formatMacs(model.macs),
    formatCount(model.parameters),
    formatMs(model.medianMs),
    `${model.ratio.toFixed(2)} (${model.ratioSpread.map((x) => x.toFixed(2)).join(' – ')})`,
  ]);
  console.log(`## ${name}\n`);
  console.log(markdown(['', 'top-1', 'MACs', 'parameters', 'latency', 'speed'], rows));
  const widths = models.map(({ path }) => [titleOf(path), widthsOf(path)] as const);
  console.log(`\n${markdown(['', 'filters of each convolution'], widths)}\n`);
}

const grafts = steps.filter(({ line }) => line.startsWith('espalier graft '));
if (grafts.length > 0) console.log(graftTable(grafts));

function graftTable(outcomes: readonly StepOutcome[]): string {
  const settingOf = ({ name }: StepOutcome) => name.replace(/-seed-\d+$/, '');
  const rows = [...new Set(outcomes.map(settingOf))].map((setting) => {
    const seeds = outcomes.filter((outcome) => settingOf(outcome) === setting);
    const results = seeds.map(({ data }) => data as RingResult);
    const each = (cell: (member: RingResult['members'][number]) => string) =>
      results.map(({ members }) => members.map(cell).join(', ')).join(' · ');
    const together = results.flatMap(({ ensemble }) => (ensemble === null ? [] : [formatPercent(ensemble)]));
    return [
      setting,
      each(({ top1 }) => formatPercent(top1)),
      formatPercent(mean(results.map(({ members }) => Math.max(...members.map(({ top1 }) => top1))))),
      together.join(' · '),
      each(({ invalid }) => String(invalid)),
      each(({ entropy }) => entropy.toFixed(3)),
    ];
  });
  const head = [
    '',
    'top-1 of its networks',
    'the best, mean of seeds',
    'ensemble',
    'invalid filters',
    'entropy',
  ];
  return markdown(head, rows);
}

/** A model in a step's folder is called as the step. */
function titleOf(path: string): string {
  const step = steps.find((candidate) => candidate.folder === dirname(path));
  return step?.name ?? basename(path);
}

/** Of the step that made the model, or that evaluated it. */
function accuracyOf(path: string, outcomes: readonly StepOutcome[]): string {
  const told = outcomes
    .filter(({ folder: own, line }) => own === dirname(path) || line.startsWith(`espalier eval ${path} `))
    .map(({ data }) => (data as Accurate).top1 ?? (data as Accurate).after?.top1)
    .find((top1) => typeof top1 === 'number');
  return told === undefined ? '' : formatPercent(told);
}

function widthsOf(path: string): string {
  const convolutions = readModelFile(path).nodes.filter(({ op }) => op === 'Conv');
  return convolutions.map(({ inputs }) => inputs[1]?.tensor?.shape[0]).join(' ');
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
