import { EspalierError } from '../errors.ts';
import { formatMacs, formatPercent, formatRatio } from '../report/quantities.ts';
import { type Context, defineCommand } from './command.ts';
import { choice, defaulted, flagSwitch, fraction, numberIn, optional, positive } from './flags.ts';
import { isModelPath } from './model.ts';
import { trainedModel, trainingFlags } from './training-flags.ts';
import { planRun, type Settings } from './training-recipe.ts';
import { openSession, type TrainingSession, trainOptions } from './training-session.ts';

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
  freezeWeights: flagSwitch('--freeze-weights', 'learn the shapes alone, of weights that stay as they are'),
  form: defaulted(
    '--form <name>',
    'how dead stripes are skipped: dense (zeros kept), shape (cropped kernels), stripe (1×1, shifted), or per layer the fastest',
    [choice(['auto', 'dense', 'shape', 'stripe']), 'auto'],
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
      'espalier swp vgg16 --data cifar10 --batch 64 --epochs 160 --initial-scale 0.5 --out runs/paper',
      'from scratch, as in the paper',
    ],
    ['espalier swp --resume runs/half', 'go on after an interruption'],
  ],
  stopsCleanly: true,
  async run(invocation, context) {
    const planned = await planRun<typeof stripeFlags>('swp', invocation);
    checkPace(planned.settings);
    const session = await openSession(planned);
    const outcome = await learnShapes(session, planned.settings, context);
    return { data: outcome, text: describe(outcome, session.run.path) };
  },
});

function checkPace({ pace, macs }: StripeSettings): void {
  if (pace === 'gradual' && macs === undefined)
    throw new EspalierError('usage', '--pace gradual needs --macs');
}

type Outcome = Awaited<ReturnType<typeof learnShapes>>;

async function learnShapes(session: TrainingSession, settings: StripeSettings, context: Context) {
  const { train } = await import('../training/train.ts');
  const { finishRun, measureNetwork, sizes, withLatencies } = await import('./training-result.ts');
  const { openController, pruneNetwork } = await import('./stripe-pruning.ts');
  const measured = isModelPath(settings.model)
    ? await measureNetwork(session.network, session, context)
    : { graph: session.network, measures: sizes(session.network) };
  const controller = openController(session.network, settings);
  const { network, epochs } = await train({ ...trainOptions(session, settings, context), controller });
  context.note('choosing the fastest form of each layer');
  const pruned = await pruneNetwork(network, session.executor, settings.form);
  session.run.record({ type: 'shapes', shapes: pruned.shapes });
  session.run.record({ type: 'left-alone', layers: pruned.leftAlone });
  const accuracy = await measureNetwork(pruned.deployed, session, context);
  const timing = { seconds: settings.benchSeconds, signal: context.signal };
  const [before, after] = await withLatencies([measured, accuracy], timing);
  const model = await finishRun(session, before!, { ...after!, layers: pruned.layers }, pruned.dense);
  const reached = after!.measures.macs! / before!.measures.macs!;
  const { macs: target } = settings;
  const kept = Number(epochs.at(-1)?.metrics.macsKept ?? reached);
  if (target !== undefined && kept > target) context.warn(missedTarget(kept, target));
  const speed = before!.measures.latencyMs! / after!.measures.latencyMs!;
  if (speed < WORTHWHILE) context.warn(hardlyFaster(speed));
  const { forms, leftAlone, error } = pruned;
  return { model, epochs, before: before!.measures, after: after!.measures, forms, error, leftAlone };
}

const missedTarget = (reached: number, target: number): string =>
  `the target was not reached: living stripes hold ${formatPercent(reached, 1)} of the MACs, wanted ${formatPercent(target, 1)}; raise --sr, --lr or --epochs`;

/** Below this factor the gain in speed is none to speak of. */
const WORTHWHILE = 1.05;

const hardlyFaster = (speed: number): string =>
  `hardly faster (${formatRatio(speed)}): the layers are too small, or too few stripes died, for onnxruntime to gain on this machine`;

function describe({ model, before, after, forms, error }: Outcome, directory: string): string {
  const top1 = before.top1 == null ? '' : ` (before ${formatPercent(before.top1)})`;
  const lines = [
    `top-1    ${formatPercent(after.top1!)}${top1}`,
    `MACs     ${formatMacs(before.macs!)} → ${formatMacs(after.macs!)} (${formatPercent(after.macs! / before.macs!, 1)})`,
    `latency  ${formatRatio(before.latencyMs! / after.latencyMs!)} as fast (${formText(forms)})`,
    `${model} equals the masked network to ${error.toExponential(1)}; report in ${directory}/report.html`,
  ];
  return lines.join('\n');
}

const formText = (forms: Outcome['forms']): string =>
  Object.entries(forms)
    .map(([form, layers]) => `${layers} layers ${form}`)
    .join(', ') || 'no layer lowered';
