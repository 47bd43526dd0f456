import * as v from 'valibot';
import { assert } from '../../errors.ts';
import { formatPercent, significant } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import type { UnitSensitivity } from '../../pruning/sensitivity/measure.ts';
import type { SensitivityJob } from '../../pruning/sensitivity/recorded.ts';
import { type Column, textTable } from '../../report/text-table.ts';
import { type Context, defineCommand, type Invocation, type ProgressBar } from '../command.ts';
import { defaulted, defaultsOf, numbers, optional, text, wholeNumber } from '../flags.ts';
import { pruneFlags } from '../prune/flags.ts';
import { queueFlags } from '../queue-flags.ts';
import { planRun, type Settings } from '../training/recipe.ts';

const RATIOS = 'expected ratios from 0 to 1 separated by commas';
const ratioList = v.pipe(numbers, v.array(v.pipe(v.number(), v.minValue(0, RATIOS), v.maxValue(1, RATIOS))));

const PART = 'expected i/n, i from 1 to n';
const partOf = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d*\/[1-9]\d*$/, PART),
  v.transform((typed) => typed.split('/').map(Number) as [number, number]),
  v.check(([i, n]) => i <= n, PART),
  v.transform(([i, n]) => ({ index: i - 1, of: n })),
);

const { criterion, normalize, reduce, scoreFolded, calibrationImages, round, exclude } = pruneFlags;
const {
  data,
  labels,
  limit,
  testLimit,
  mean,
  std,
  size,
  fit,
  pad,
  seed,
  resume,
  logits,
  outputs,
  input,
  feed,
} = pruneFlags;

const flags = {
  ratios: defaulted('--ratios <list>', 'fractions of channels to remove from each group', [
    ratioList,
    [0.25, 0.5, 0.75],
  ]),
  ...{ criterion, normalize, reduce, scoreFolded, round, exclude, data },
  calibrationImages: { ...calibrationImages, summary: 'number of training images to measure with' },
  ...{ limit, testLimit, mean, std, size, fit, pad, labels, logits, outputs, input, feed, seed },
  threads: optional('--threads <n>', 'threads of the engine (default: one per core)', wholeNumber()),
  part: optional(
    '--part <i/n>',
    'measure only part i of n: every n-th group, starting with the i-th',
    partOf,
  ),
  ...queueFlags,
  resume,
  out: optional('--out <dir>', 'a new folder for the run and its sensitivity.json (required)', text),
};

export const sensitivityCommand = defineCommand({
  name: 'sensitivity',
  summary:
    'measure how much accuracy is lost when each group of layers alone is pruned; prune --sensitivity uses it',
  arguments: [{ name: '[model]', summary: 'an .onnx file or a built-in network; not needed with --resume' }],
  options: flags,
  examples: [
    ['espalier sensitivity model.onnx --data photos --out runs/sensitivity', 'measure'],
    [
      'espalier prune model.onnx --sensitivity runs/sensitivity --macs 0.5 --out small.onnx',
      'prune most where the least accuracy is lost',
    ],
  ],
  stopsCleanly: true,
  async check(invocation) {
    await planned(invocation);
  },
  async run(invocation, context) {
    const plan = await planned(invocation);
    const { openPruneJob } = await import('../prune/job.ts');
    const { settings } = plan;
    const opened = await openPruneJob(
      { ...plan, settings: { ...defaultsOf(pruneFlags), ...settings } },
      context,
    );
    const { threads } = settings;
    const { onThreads } = await import('../../runtime/executor.ts');
    const { run, data, executor } = opened;
    assert(run && data, 'sensitivity is measured without a folder or images');
    const job = {
      ...opened,
      run,
      data,
      executor: threads === undefined ? executor : onThreads(executor, threads),
    };
    const units = await unitsOf(job, settings, context);
    const { writeFileAtomically } = await import('../../files.ts');
    const { join } = await import('node:path');
    const { writeReport } = await import('../report.ts');
    const path = join(run.path, 'sensitivity.json');
    const { criterion } = job.settings;
    const document = {
      criterion,
      images: data.calibration.batches.reduce((sum, { count }) => sum + count, 0),
      units,
    };
    writeFileAtomically(path, [`${JSON.stringify(document, null, 1)}\n`]);
    await writeReport(run.path, join(run.path, 'report.html'));
    return {
      data: { path, ...document },
      text: `${await describe(units)}\n${printableLine(`written to ${path}`)}`,
    };
  },
});

const planned = (invocation: Invocation<typeof flags>) =>
  planRun('sensitivity', invocation, { data: '--data <name>', out: '--out <dir>' });

export type SensitivitySettings = Settings<typeof flags, 'data' | 'out'>;

/** Measures on this machine, or on the workers of a queue. */
async function unitsOf(
  job: SensitivityJob,
  settings: SensitivitySettings,
  context: Context,
): Promise<readonly UnitSensitivity[]> {
  if (settings.redis === undefined) return measure(job, settings, context);
  const { measureRemotely } = await import('./remote.ts');
  return measureRemotely({ run: job.run, settings, command: sensitivityCommand, context });
}

async function measure(
  job: SensitivityJob,
  settings: SensitivitySettings,
  context: Context,
): Promise<UnitSensitivity[]> {
  const { recordedSensitivity } = await import('../../pruning/sensitivity/recorded.ts');
  const { ratios, part, outputs } = settings;
  let bar: ProgressBar | null = null;
  const onStart = (units: number) => {
    bar = context.progress('measuring', units, 'groups');
  };
  const onUnit = ({ name }: UnitSensitivity) => bar?.advance(1, name);
  return recordedSensitivity(job, { ratios, part, outputs, onStart, onUnit }).finally(() => bar?.done());
}

const MOST_COLUMNS = 4;

/** One column per output, if there are several. */
function outputColumns(units: readonly UnitSensitivity[]): Column<UnitSensitivity>[] {
  const names = Object.keys(units[0]?.points.at(-1)?.outputErrors ?? {});
  if (names.length < 2) return [];
  return names.slice(0, MOST_COLUMNS).map((name) => ({
    head: name,
    cell: ({ points }) => formatPercent(points.at(-1)!.outputErrors[name] ?? 0, 1),
    align: 'right',
  }));
}

async function describe(units: readonly UnitSensitivity[]): Promise<string> {
  const { damageOf } = await import('../../calibration/damage.ts');
  const last = ({ points }: UnitSensitivity) => points.at(-1)!;
  const damage = (unit: UnitSensitivity) => damageOf(last(unit));
  const sorted = [...units].sort((a, b) => damage(b) - damage(a));
  const told = (value: number | null, format: (x: number) => string) =>
    value === null ? '–' : format(value);
  return textTable(sorted, [
    { head: 'group, most sensitive first', cell: ({ layers }) => layers[0]! },
    { head: 'channels removed', cell: (unit) => formatPercent(last(unit).ratio, 0), align: 'right' },
    { head: 'top-1', cell: (unit) => told(last(unit).top1, formatPercent), align: 'right' },
    { head: 'loss', cell: (unit) => told(last(unit).loss, significant), align: 'right' },
    { head: 'output error', cell: (unit) => formatPercent(last(unit).outputError, 1), align: 'right' },
    ...outputColumns(units),
  ]);
}
