import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EspalierError } from '../errors.ts';
import { formatBytes, formatCount, formatMacs, formatPercent } from '../numeric/quantities.ts';
import type { NetworkMeasures } from '../report/index.ts';
import { latencyText, speedBetween, speedText } from '../report/latency.ts';
import { textTable } from '../report/text-table.ts';
import { type Command, type Context, defineCommand, invocationOf } from './command.ts';
import { dataGet } from './data.ts';
import { limitFlags } from './data-flags.ts';
import { defaulted, fraction, type Options, optional, text, wholeNumber } from './flags.ts';
import { swp } from './swp/swp.ts';
import { trainModel } from './training/train.ts';

const flags = {
  out: defaulted('--out <dir>', 'folder for the runs; finished runs in it are not repeated', [
    text,
    'espalier-demo',
  ]),
  epochs: defaulted('--epochs <n>', 'epochs of training, and again of learning shapes', [wholeNumber(), 5]),
  macs: defaulted('--macs <fraction>', 'fraction of the MACs to keep', [fraction, 0.5]),
  ...limitFlags,
  threads: optional('--threads <n>', 'threads of the engine (default: one per core)', wholeNumber()),
};

export const demo = defineCommand({
  name: 'demo',
  summary:
    'train a small network on CIFAR-10, learn the shapes of its filters, prune them and report the gain',
  arguments: [],
  options: flags,
  examples: [
    ['espalier demo', 'run the whole demo'],
    ['espalier demo --epochs 1 --limit 2000', 'run a short version'],
  ],
  stopsCleanly: true,
  async run({ options }, context) {
    try {
      return await runDemo(options, context);
    } catch (cause) {
      if (!(cause instanceof EspalierError && cause.code === 'interrupted')) throw cause;
      const line = `interrupted: continue with espalier demo ${flagsOf(options)}`;
      throw new EspalierError('interrupted', line, { cause });
    }
  },
});

type DemoOptions = Options<typeof flags>;

const flagsOf = ({ testLimit, ...options }: DemoOptions): string =>
  Object.entries(given({ ...options, 'test-limit': testLimit }))
    .map(([name, value]) => `--${name} ${value}`)
    .join(' ');

async function runDemo(options: DemoOptions, context: Context) {
  const { out, epochs, macs, limit, testLimit, threads } = options;
  const shared = given({ data: 'cifar10', epochs, limit, testLimit, threads, schedule: 'cosine' });
  await dataGet.run(invocationOf(dataGet, ['cifar10'], {}), context);
  context.note('1  training a small network');
  const base = join(out, 'base');
  await completeRun({ command: trainModel, model: 'espalier-demo', raw: { ...shared, out: base } }, context);
  context.note('2  learning the shapes of its filters');
  const shapes = join(out, 'shapes');
  const target = { macs: String(macs), sr: '2e-3', lr: '0.03', out: shapes };
  await completeRun(
    { command: swp, model: join(base, 'model.onnx'), raw: { ...shared, ...target } },
    context,
  );
  return summary(shapes);
}

interface DemoRun {
  readonly command: Command;
  readonly model: string;
  readonly raw: Readonly<Record<string, string>>;
}

/** Runs a step; resumes it if it was interrupted, and skips it if it is finished. */
async function completeRun({ command, model, raw }: DemoRun, context: Context): Promise<void> {
  const { out = '' } = raw;
  if (existsSync(join(out, 'report.html'))) return context.note(`   ${out} is already finished`);
  const resumed = existsSync(join(out, 'recipe.json'));
  const invocation = resumed
    ? invocationOf(command, [], { resume: out })
    : invocationOf(command, [model], raw);
  await command.run(invocation, context);
}

/** Removes flags without a value, and converts the others to text. */
const given = (values: Readonly<Record<string, string | number | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );

interface MeasureRow {
  readonly name: string;
  readonly of: (measures: NetworkMeasures) => string;
}

const rows: readonly MeasureRow[] = [
  { name: 'accuracy', of: ({ top1 }) => formatPercent(top1 ?? Number.NaN) },
  { name: 'parameters', of: ({ parameters }) => formatCount(parameters ?? Number.NaN) },
  { name: 'MACs', of: ({ macs }) => formatMacs(macs ?? Number.NaN) },
  { name: 'file', of: ({ bytes }) => formatBytes(bytes ?? Number.NaN) },
  { name: 'latency', of: latencyText },
];

async function summary(path: string) {
  const { readRunRecord } = await import('../report/index.ts');
  const { before, after, fastest = after } = readRunRecord(path).result!;
  const table = textTable(rows, [
    { head: '', cell: ({ name }) => name },
    { head: 'before', cell: ({ of }) => of(before), align: 'right' },
    { head: 'after (fewest MACs)', cell: ({ of }) => of(after), align: 'right' },
    { head: 'after (fastest form)', cell: ({ of }) => of(fastest), align: 'right' },
  ]);
  const report = join(path, 'report.html');
  const model = join(path, 'model.onnx');
  const text = [
    table,
    '',
    `${formatPercent((after.macs ?? Number.NaN) / (before.macs ?? Number.NaN), 1)} of the MACs are left; speed of the fastest form: ${speedText(speedBetween(before, fastest))}`,
    '"before" was trained for half of the epochs; the other half learned the shapes',
    `report: ${report}`,
    `next:   npx espalier inspect ${model}`,
  ].join('\n');
  return { data: { before, after, fastest, report }, text };
}
