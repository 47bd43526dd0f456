import { formatMacs, formatPercent } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import { latencyChange, latencyText, smallGain, speedBetween, speedText } from '../../report/latency.ts';
import type { Measured } from '../../report/measured-network.ts';
import { checkStripeLearning } from '../../stripes/learning.ts';
import { type Context, defineCommand, type Invocation } from '../command.ts';
import { compiledRun } from '../compile/compile-flag.ts';
import { deploymentHint } from '../deployment-hint.ts';
import { isModelPath } from '../model.ts';
import { trainedModel } from '../training/flags.ts';
import { planRun, trainingNeeds } from '../training/recipe.ts';
import { openTrainingSession, type TrainingSession, trainOptions } from '../training/session.ts';
import { checkTeacher, distillingOf } from '../training/teacher-flags.ts';
import { type StripeSettings, stripeFlags } from './flags.ts';

export const swp = defineCommand({
  name: 'swp',
  summary:
    'learn the shape of each filter while training, and prune the stripes outside it (stripe-wise pruning)',
  arguments: [trainedModel],
  options: stripeFlags,
  examples: [
    [
      'espalier swp model.onnx --data cifar10 --macs 0.5 --sr 2e-3 --lr 0.03 --schedule cosine --epochs 8 --out runs/half',
      'from a trained network: prune to half of the MACs, then recover accuracy',
    ],
    [
      'espalier swp model.onnx --data cifar10 --macs 0.5 --lr 0.03 --epochs 8 --shape-block 16 --out runs/boxes',
      'blocks of 16 filters share a rectangle: fewer convolutions with cropped kernels',
    ],
    [
      'espalier swp vgg16 --data cifar10 --batch 64 --epochs 160 --initial-scale 0.5 --out runs/paper',
      'from scratch, as in the paper',
    ],
    ['espalier swp --resume runs/half', 'continue an interrupted run'],
  ],
  stopsCleanly: true,
  async check(invocation) {
    await planStripes(invocation);
  },
  async run(invocation, context) {
    const planned = await planStripes(invocation);
    const distilling = await distillingOf(planned.settings, context);
    const session = await openTrainingSession(planned, context, distilling);
    const outcome = await learnShapes(session, planned.settings, context);
    return { data: outcome, text: describe(outcome) };
  },
});

async function planStripes(invocation: Invocation<typeof stripeFlags>) {
  const planned = await planRun('swp', invocation, trainingNeeds);
  checkStripeLearning(planned.settings);
  checkTeacher(planned.settings);
  return planned;
}

type Outcome = Awaited<ReturnType<typeof learnShapes>>;

async function learnShapes(session: TrainingSession, settings: StripeSettings, context: Context) {
  const { finishRun, measureNetwork, untrained } = await import('../training/result.ts');
  const { sizes, withLatencies } = await import('../../report/measured-network.ts');
  const { namedReasons } = await import('../../graph/edit/refused.ts');
  const { learnStripes } = await import('../../stripe-pruning/train-stripes.ts');
  const measured = isModelPath(settings.model)
    ? await measureNetwork(session.network, session, context)
    : untrained(session);
  const { sr: alpha, noShrink, benchSeconds: seconds, latency: targetLatency, macs: target } = settings;
  const pruned = await learnStripes(trainOptions(session, settings, context), {
    ...settings,
    ...{ alpha, seconds, shrink: !noShrink, types: session.model.form },
    onNote: (line) => context.note(line),
  });
  const accuracy = await measureNetwork(pruned.deployed, session, context);
  const graph = session.model.form.restore(pruned.fastest);
  const quick = { graph, measures: { ...accuracy.measures, ...sizes(graph) } };
  const timed = await withLatencies([measured, accuracy, quick], { seconds, signal: context.signal });
  const [before, after, fastest] = timed as [Measured, Measured, Measured];
  const beside = { 'model-fastest.onnx': pruned.fastest, 'model-dense.onnx': pruned.dense };
  const model = await finishRun(
    session,
    { before, after: { ...after, layers: pruned.layers }, fastest },
    beside,
  );
  const { epochs, forms, error } = pruned;
  const leftAlone = namedReasons(pruned.leftAlone);
  const kept = Number(epochs.at(-1)?.metrics.macsKept);
  if (target !== undefined && kept > target) context.warn(missedTarget(kept, target));
  const speed = speedBetween(before.measures, fastest.measures);
  if (targetLatency !== undefined && speed.ratio < 1 / targetLatency)
    context.warn(missedLatency(1 / speed.ratio, targetLatency));
  const small = smallGain(speed);
  if (small !== null) context.warn(`${small}: ${NO_GAIN}`);
  const [was, is, quickest] = [before.measures, after.measures, fastest.measures];
  const compiled = await compiledRun(session.run, settings, context);
  const networks = { before: was, after: is, fastest: quickest };
  return { model, epochs, ...networks, forms, error, leftAlone, gain: pruned.gain, compiled };
}

const missedTarget = (reached: number, target: number): string =>
  `the target was not reached: the remaining stripes have ${formatPercent(reached, 1)} of the MACs, expected ${formatPercent(target, 1)}; raise --sr, --lr or --epochs`;

const missedLatency = (reached: number, target: number): string =>
  `the target was not reached: the fastest network has ${formatPercent(reached, 1)} of the latency, expected ${formatPercent(target, 1)}; although the timings of single layers predicted it: lower --latency`;

const NO_GAIN =
  'the layers are too small, or too few stripes are zero, for a gain in onnxruntime on this machine';

function describe(outcome: Outcome): string {
  const { model, before, after, fastest, forms, error } = outcome;
  const was = before.top1 == null ? '' : ` (before ${formatPercent(before.top1)})`;
  const quickest = `${latencyText(fastest)}, ${speedText(speedBetween(before, fastest))}`;
  const lines = [
    after.top1 == null
      ? `outputs  error ${formatPercent(after.outputError!)} beside the teacher's`
      : `top-1    ${formatPercent(after.top1)}${was}`,
    `MACs     ${formatMacs(before.macs)} → ${formatMacs(after.macs)} (${formatPercent(after.macs / before.macs, 1)})`,
    `latency  ${latencyChange(before, after)}; in the fastest form ${quickest} (${formText(forms)})`,
    error === null ? 'not verified' : `equal to the masked network within ${error.toExponential(1)}`,
    printableLine(
      `${model} has the fewest MACs; model-fastest.onnx beside it is the fastest, model-dense.onnx can be trained further; see report.html`,
    ),
    deploymentHint(outcome),
  ];
  return lines.join('\n');
}

const formText = (forms: Outcome['forms']): string =>
  Object.entries(forms)
    .map(([form, layers]) => `${layers} layers ${form}`)
    .join(', ') || 'no layer lowered';
