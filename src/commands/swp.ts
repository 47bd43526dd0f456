import * as v from 'valibot';
import { EspalierError } from '../errors.ts';
import { formatMacs, formatPercent, formatRatio } from '../report/quantities.ts';
import { type Context, defineCommand, type Invocation } from './command.ts';
import {
  choice,
  defaulted,
  flagSwitch,
  fraction,
  laterSwitch,
  numberIn,
  optional,
  positive,
} from './flags.ts';
import { isModelPath } from './model.ts';
import { trainedModel, trainingFlags } from './training-flags.ts';
import { planRun, type Settings } from './training-recipe.ts';
import type { Measured } from './training-result.ts';
import { openSession, type TrainingSession, trainOptions } from './training-session.ts';

const shapeBlock = v.pipe(choice(['8', '16']), v.transform(Number));

const stripeFlags = {
  ...trainingFlags,
  sr: defaulted('--sr <x>', 'the L1 coefficient on the filter skeletons', [numberIn(0), 1e-5]),
  threshold: defaulted('--threshold <x>', 'a stripe dies when its skeleton falls to this', [
    numberIn(0),
    0.01,
  ]),
  macs: optional('--macs <fraction>', 'part of the MACs to keep; the shapes freeze there', fraction),
  pace: optional(
    '--pace <name>',
    'threshold, as in the paper, or gradual: towards --macs (the default where that is given)',
    choice(['threshold', 'gradual']),
  ),
  until: defaulted('--until <fraction>', 'part of the run over which a gradual pace reaches --macs', [
    fraction,
    0.6,
  ]),
  skeletonWeightDecay: optional(
    '--skeleton-weight-decay <x>',
    'weight decay on the skeletons; as --weight-decay where left out',
    numberIn(0),
  ),
  skeletonStart: optional(
    '--skeleton-start <name>',
    'what skeletons start from: one, as in the paper, or norm, the relative norm of each stripe (the default of the gradual pace)',
    choice(['one', 'norm']),
  ),
  shapeBlock: optional(
    '--shape-block <n>',
    'filters share their shapes in blocks of 8 or 16, near ones together: cropping pays on narrow layers too',
    shapeBlock,
  ),
  shapes: optional(
    '--shapes <name>',
    'what a block may keep: rectangles (the default), each a cropped convolution, or free',
    choice(['rectangles', 'free']),
  ),
  freezeWeights: flagSwitch('--freeze-weights', 'learn the shapes alone, of weights that stay as they are'),
  noShrink: laterSwitch(
    '--no-shrink',
    'keep filters without stripes in the network while it trains: slower, the same result',
  ),
  form: defaulted(
    '--form <name>',
    'how model.onnx skips dead stripes: stripe (1×1, shifted: fewest MACs), shape (cropped kernels), dense (zeros kept)',
    [choice(['dense', 'shape', 'stripe']), 'stripe'],
  ),
  benchSeconds: defaulted('--bench-seconds <s>', 'time to measure latency in', [positive, 4]),
};

type StripeSettings = Settings<typeof stripeFlags>;

export const swp = defineCommand({
  name: 'swp',
  summary: 'learn the shape of each filter and prune its stripes (stripe-wise pruning)',
  arguments: [trainedModel],
  options: stripeFlags,
  examples: [
    [
      'espalier swp model.onnx --data cifar10 --macs 0.5 --sr 2e-3 --lr 0.03 --schedule cosine --epochs 8 --out runs/half',
      'from a trained network: keep half of the MACs, then recover',
    ],
    [
      'espalier swp model.onnx --data cifar10 --macs 0.5 --lr 0.03 --epochs 8 --shape-block 16 --out runs/boxes',
      'filters share boxes in blocks of 16: fewer convolutions, each cropped',
    ],
    [
      'espalier swp vgg16 --data cifar10 --batch 64 --epochs 160 --initial-scale 0.5 --out runs/paper',
      'from scratch, as in the paper',
    ],
    ['espalier swp --resume runs/half', 'go on after an interruption'],
  ],
  stopsCleanly: true,
  async check(invocation) {
    await planStripes(invocation);
  },
  async run(invocation, context) {
    const planned = await planStripes(invocation);
    const session = await openSession(planned, context);
    const outcome = await learnShapes(session, planned.settings, context);
    return { data: outcome, text: describe(outcome) };
  },
});

async function planStripes(invocation: Invocation<typeof stripeFlags>) {
  const planned = await planRun<typeof stripeFlags>('swp', invocation);
  const { pace, macs, shapes, shapeBlock } = planned.settings;
  if (pace === 'gradual' && macs === undefined)
    throw new EspalierError('usage', '--pace gradual needs --macs');
  if (shapes !== undefined && shapeBlock === undefined)
    throw new EspalierError('usage', '--shapes needs --shape-block: it tells what a block may keep');
  return planned;
}

type Outcome = Awaited<ReturnType<typeof learnShapes>>;

async function learnShapes(session: TrainingSession, settings: StripeSettings, context: Context) {
  const { train } = await import('../training/train.ts');
  const { finishRun, measureNetwork, sizes, withLatencies } = await import('./training-result.ts');
  const { openController, pruneNetwork } = await import('./stripe-pruning.ts');
  const measured = isModelPath(settings.model)
    ? await measureNetwork(session.network, session, context)
    : { graph: session.network, measures: sizes(session.network) };
  const steered = openController(session.network, settings);
  const { controller } = steered;
  const { network, epochs } = await train({
    ...trainOptions(session, settings, context),
    network: steered.network,
    controller,
  });
  context.note('choosing the fastest form of each layer');
  const pruned = await pruneNetwork(network, session.executor, {
    form: settings.form,
    seconds: settings.benchSeconds,
  });
  session.run.record({ type: 'shapes', shapes: controller.shapes(network) });
  session.run.record({ type: 'left-alone', layers: pruned.leftAlone });
  const accuracy = await measureNetwork(pruned.deployed, session, context);
  const quick = { graph: pruned.fastest, measures: { ...accuracy.measures, ...sizes(pruned.fastest) } };
  const timing = { seconds: settings.benchSeconds, signal: context.signal };
  const timed = await withLatencies([measured, accuracy, quick], timing);
  const [before, after, fastest] = timed as [Measured, Measured, Measured];
  const beside = { 'model-fastest.onnx': pruned.fastest, 'model-dense.onnx': pruned.dense };
  const model = await finishRun(
    session,
    { before, after: { ...after, layers: pruned.layers }, fastest },
    beside,
  );
  const { macs: target } = settings;
  const kept = Number(epochs.at(-1)?.metrics.macsKept);
  if (target !== undefined && kept > target) context.warn(missedTarget(kept, target));
  const speed = before.measures.latencyMs! / fastest.measures.latencyMs!;
  if (speed < WORTHWHILE) context.warn(hardlyFaster(speed));
  const { forms, leftAlone, error } = pruned;
  const [was, is, quickest] = [before.measures, after.measures, fastest.measures];
  return { model, epochs, before: was, after: is, fastest: quickest, forms, error, leftAlone };
}

const missedTarget = (reached: number, target: number): string =>
  `the target was not reached: living stripes hold ${formatPercent(reached, 1)} of the MACs, wanted ${formatPercent(target, 1)}; raise --sr, --lr or --epochs`;

/** Below this factor the gain in speed is none to speak of. */
const WORTHWHILE = 1.05;

const hardlyFaster = (speed: number): string =>
  `the gain in speed is under 5 % (${formatRatio(speed)}): the layers are too small, or too few stripes died, for onnxruntime to gain on this machine`;

function describe({ model, before, after, fastest, forms, error }: Outcome): string {
  const top1 = before.top1 == null ? '' : ` (before ${formatPercent(before.top1)})`;
  const speed = ({ latencyMs }: typeof before) => formatRatio(before.latencyMs! / latencyMs!);
  const lines = [
    `top-1    ${formatPercent(after.top1!)}${top1}`,
    `MACs     ${formatMacs(before.macs!)} → ${formatMacs(after.macs!)} (${formatPercent(after.macs! / before.macs!, 1)})`,
    `latency  ${speed(after)} as fast; in the fastest form ${speed(fastest)} (${formText(forms)})`,
    `equal to the masked network to ${error.toExponential(1)}`,
    `${model}, the fewest MACs; beside it model-fastest.onnx to ship, model-dense.onnx to train on, report.html`,
  ];
  return lines.join('\n');
}

const formText = (forms: Outcome['forms']): string =>
  Object.entries(forms)
    .map(([form, layers]) => `${layers} layers ${form}`)
    .join(', ') || 'no layer lowered';
