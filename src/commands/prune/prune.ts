import { formatMacs, formatPercent } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import type { Cut } from '../../pruning/iterative/cut.ts';
import { latencyChange, smallGain, speedBetween } from '../../report/latency.ts';
import { type Context, defineCommand, type Invocation, type Output } from '../command.ts';
import { deploymentHint } from '../deployment-hint.ts';
import { errorText } from '../outputs.ts';
import { planRun } from '../training/recipe.ts';
import { expectOtherFile } from '../write-model.ts';
import { checkPruneSettings } from './checks.ts';
import { pruneFlags } from './flags.ts';
import type { PlannedPruning, PruneJob } from './job.ts';
import type { PruneResult } from './result.ts';

export const pruneCommand = defineCommand({
  name: 'prune',
  summary: 'remove channels, or set stripes or weights to zero, until a target is met',
  arguments: [{ name: '[model]', summary: 'an .onnx file or a built-in network; not needed with --resume' }],
  options: pruneFlags,
  examples: [
    ['espalier prune model.onnx --ratio 0.3 --out small.onnx', 'remove 30 % of the channels, without images'],
    [
      'espalier prune model.onnx --macs 0.5 --scope global --data photos --out small.onnx',
      'keep half of the MACs; recover on images, without retraining',
    ],
    [
      'espalier prune model.onnx --macs 0.5 --data cifar10 --epochs 20 --lr 0.03 --out runs/half',
      'prune while the network trains: half of the MACs after 8 epochs, then 12 to recover',
    ],
    [
      'espalier prune model.onnx --criterion taylor --macs 0.5 --steps 5 --data cifar10 --epochs 20 --out runs/cuts',
      'prune in five cuts, each followed by 4 epochs',
    ],
    [
      'espalier prune detector.onnx --macs 0.6 --data photos --epochs 10 --distill --out runs/small',
      'recover any network from its own outputs, on images without labels',
    ],
    ['espalier prune model.onnx --ratio 0.5 --plan', 'print what would be removed, and what is kept and why'],
  ],
  stopsCleanly: true,
  async check(invocation) {
    await planPruning(invocation);
  },
  async run(invocation, context) {
    const asked = await planPruning(invocation);
    const { looksOnly } = asked;
    const { openPruneJob } = await import('./job.ts');
    expectOtherFile(asked.settings.model, asked.settings.out);
    const settings = looksOnly ? { ...asked.settings, out: undefined, epochs: undefined } : asked.settings;
    const job = await openPruneJob({ ...asked, settings }, context);
    if (looksOnly) return look(job);
    if (asked.existing === null) context.note(`pruning ${settings.model}`);
    return execute(job, context);
  },
});

/** The settings of a run; `looksOnly` if nothing is to be written. Throws `usage` for invalid combinations. */
async function planPruning(invocation: Invocation<typeof pruneFlags>) {
  const { plan, explain } = invocation.options;
  const looksOnly = plan || explain !== undefined;
  const needed = looksOnly ? {} : { out: '--out <path>' };
  // Data and epochs may be missing, for pruning without images.
  const asked: PlannedPruning = await planRun<typeof pruneFlags, never>('prune', invocation, needed);
  checkPruneSettings(asked.settings);
  return { ...asked, looksOnly };
}

async function look(job: PruneJob): Promise<Output> {
  const { explainOutput, pruningPlanOutput: planOutput } = await import('./plan.ts');
  const { explain } = job.options;
  return explain === undefined ? planOutput(job) : explainOutput(explain, job);
}

async function execute(job: PruneJob, context: Context): Promise<Output> {
  const { runPruning } = await import('../../pruning/run-pruning.ts');
  const { stageOf } = await import('../../pruning/iterative/stages.ts');
  const { finishPruning } = await import('./result.ts');
  const { data: images } = job;
  const ignored = (await images?.comparison())?.ignored ?? [];
  for (const { name, reason } of ignored) context.note(`output ${name} is not compared: ${reason}`);
  const before = { stage: 'original', step: 0 };
  const original = images && (await stageOf(job.original.network, { ...job, data: images }, before));
  if (original) job.run?.record({ type: 'prune-original', ...original });
  const pruned = await runPruning(job);
  const result = await finishPruning(pruned, { job, context, original });
  await warn(result, pruned.cut, { job, context });
  const { criterion, granularity, scope } = job.settings;
  const { steps, cut } = pruned;
  const data = { ...result, criterion, granularity, scope, met: cut.met, original, steps, groups: cut.units };
  return { data, text: describe(result) };
}

async function warn(
  { before, after }: PruneResult,
  { met, nextStep }: Cut,
  { job, context }: { readonly job: PruneJob; readonly context: Context },
): Promise<void> {
  if (!met)
    context.warn(
      'the target cannot be reached: all channels that may be removed are; --plan shows which are kept and why',
    );
  if (nextStep) {
    const { belowTarget } = await import('./plan.ts');
    context.warn(belowTarget(nextStep, job.settings));
  }
  if (before.macs === after.macs && before.parameters === after.parameters)
    context.warn('the model is as large as before: nothing that makes it smaller was removed');
  const small = smallGain(speedBetween(before, after));
  if (small !== null) context.warn(small);
}

function describe(result: PruneResult): string {
  const { model, before, after, error, leftAlone, outputs, gain } = result;
  const change = (was: number, is: number) => formatPercent(is / was, 1);
  return [
    ...(after.top1 == null || before.top1 == null
      ? []
      : [`top-1       ${formatPercent(after.top1)} (before ${formatPercent(before.top1)})`]),
    `MACs        ${formatMacs(before.macs)} → ${formatMacs(after.macs)} (${change(before.macs, after.macs)})`,
    `parameters  ${change(before.parameters, after.parameters)} are left`,
    `latency     ${latencyChange(before, after)}, one image on one thread`,
    ...(outputs
      ? [
          printableLine(
            `outputs     ${errorText(outputs.outputError, outputs.outputErrors)} from the original, on test images`,
          ),
        ]
      : []),
    error === null ? 'not verified' : `equal to the masked network within ${error.toExponential(1)}`,
    ...leftAlone.map(({ name, reason }) => printableLine(`left alone  ${name}: ${reason}`)),
    printableLine(`written to ${model}`),
    ...(gain ? [deploymentHint({ ...result, gain })] : []),
  ].join('\n');
}
