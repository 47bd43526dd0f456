import * as v from 'valibot';
import {
  choice,
  choices,
  defaulted,
  flagSwitch,
  fraction,
  numberIn,
  optional,
  positive,
  text,
  wholeNumber,
} from '../flags.ts';
import { outputsFlag } from '../outputs.ts';
import { trainingFlags } from '../training/flags.ts';
import type { Settings } from '../training/recipe.ts';
import { verifyFlag } from '../verify-flag.ts';

const criteria = [
  'l1-norm',
  'l2-norm',
  'geometric-median',
  'weight-rank',
  'feature-rank',
  'bn-scale',
  'apoz',
  'taylor',
  'random',
  'mask',
] as const;

export const granularities = ['filter', 'channel', 'group', 'stripe', 'weight'] as const;

/** Globs separated by commas. */
export const globs = v.pipe(
  v.string(),
  v.transform((list) => list.split(',')),
);

const RATIOS = 'expected GLOB=RATIO, ratios from 0 to 1, separated by commas';

/** `conv1=0,layer3*=0.7`. */
const layerRatios = v.pipe(
  v.string(),
  v.regex(/^[^,]+=[\d.]+(,[^,]+=[\d.]+)*$/, RATIOS),
  v.transform((list) =>
    list.split(',').map((pair) => {
      const at = pair.lastIndexOf('=');
      return { glob: pair.slice(0, at), ratio: Number(pair.slice(at + 1)) };
    }),
  ),
  v.check((pairs) => pairs.every(({ ratio }) => ratio >= 0 && ratio <= 1), RATIOS),
);

/** Flags of `prune`. Those of training count where --epochs is given. */
export const pruneFlags = {
  criterion: defaulted('--criterion <name>', `what tells the channels that go: ${criteria.join(', ')}`, [
    choice(criteria),
    'l1-norm',
  ]),
  granularity: defaulted(
    '--granularity <name>',
    'filter: output channels; channel: scored by what reads them; group: the same positions of all filters; stripe: positions of each filter; weight: single zeros',
    [choice(granularities), 'filter'],
  ),
  ratio: optional('--ratio <r>', 'part of the channels (or smaller pieces) that goes', fraction),
  macs: optional('--macs <r>', 'part of the original MACs to keep', fraction),
  parameters: optional('--parameters <r>', 'part of the original parameters to keep', fraction),
  latency: optional(
    '--latency <r>',
    'part of the original latency to keep, measured in onnxruntime here',
    fraction,
  ),
  scope: defaulted(
    '--scope <name>',
    'local: each group loses the same part; global: all stand in one ranking',
    [choice(['local', 'global']), 'local'],
  ),
  round: defaulted('--round <n>', 'widths stay multiples of this, which fast kernels take', [
    wholeNumber(),
    8,
  ]),
  floor: defaulted('--floor <r>', 'part of each group that stays at least', [numberIn(0, 1), 0.1]),
  exclude: optional('--exclude <globs>', 'layers that stay as they are, separated by commas', globs),
  layerRatio: optional(
    '--layer-ratio <list>',
    'ratios of single layers: GLOB=RATIO, separated by commas',
    layerRatios,
  ),
  normalize: optional(
    '--normalize <name>',
    'how scores of different layers compare: none, mean, max or gaussian (default: mean; none for bn-scale)',
    choice(['none', 'mean', 'max', 'gaussian']),
  ),
  reduce: defaulted(
    '--reduce <name>',
    'how the scores of channels that go together become one: sum, mean, max or first',
    [choice(['sum', 'mean', 'max', 'first']), 'mean'],
  ),
  per: optional(
    '--per <cost>',
    'divide scores by what a channel costs: bytes of activations, or measured ms',
    choice(['bytes', 'ms']),
  ),
  sensitivity: optional(
    '--sensitivity <path>',
    'choose widths by what espalier sensitivity measured, in place of --scope: a target in MACs, parameters or latency',
    text,
  ),
  search: optional(
    '--search <n>',
    'try n choices of widths within the target on calibration images, beginning with that of the ranking, and take the best',
    wholeNumber(),
  ),
  maskEpochs: optional(
    '--mask-epochs <n>',
    'with --criterion mask: epochs before each cut in which masks are learned (default: 1)',
    wholeNumber(),
  ),
  maskStrength: optional('--mask-strength <x>', 'the L1 coefficient on masks (default: 0.005)', numberIn(0)),
  maskThreshold: optional(
    '--mask-threshold <x>',
    'a mask that falls to this stays 0 (default: 0.01)',
    numberIn(0),
  ),
  scoreFolded: flagSwitch('--score-folded', 'score norms with BatchNormalization folded in'),
  steps: defaulted('--steps <n>', 'cuts on the way to the target, each followed by its share of the epochs', [
    wholeNumber(),
    1,
  ]),
  pace: defaulted('--pace <name>', 'how the cuts approach the target: linear or cubic', [
    choice(['linear', 'cubic']),
    'linear',
  ]),
  recover: optional(
    '--recover <list>',
    'after a cut, without labels: recalibrate BatchNormalization, reconstruct what reads the channels by least squares, or none (default with --data: both, before retraining recalibrate)',
    choices(['recalibrate', 'reconstruct', 'none']),
  ),
  calibrationImages: defaulted(
    '--calibration-images <n>',
    'training images that criteria and recovery look at',
    [wholeNumber(), 1024],
  ),
  form: defaulted(
    '--form <name>',
    'with --granularity stripe or group: how model.onnx skips what went: stripe, shape or dense',
    [choice(['dense', 'shape', 'stripe']), 'dense'],
  ),
  wholePositions: flagSwitch(
    '--whole-positions',
    'with --granularity group: positions of all input channels, W[:, :, i, j], so that kernels shrink',
  ),
  plan: flagSwitch('--plan', 'say what would go, and write nothing'),
  explain: optional('--explain <glob>', 'say why layers stay as they are, and write nothing', text),
  verify: verifyFlag,
  ...outputsFlag,
  benchSeconds: defaulted('--bench-seconds <s>', 'time to measure latency in', [positive, 4]),
  ...trainingFlags,
  data: optional(
    '--data <name>',
    'cifar10, fashion-mnist, or a folder of images by class: to calibrate, evaluate and retrain',
    text,
  ),
  epochs: optional('--epochs <n>', 'retrain for as many epochs in all', wholeNumber()),
  out: optional('--out <path>', 'the pruned model (.onnx), or a new folder for the record of the run', text),
  lr: defaulted('--lr <x>', 'the highest learning rate of retraining', [positive, 0.01]),
  schedule: defaulted('--schedule <name>', 'of the learning rate: step, cosine or constant', [
    choice(['step', 'cosine', 'constant']),
    'cosine',
  ]),
};

export type PruneSettings = Settings<typeof pruneFlags, never>;

/** The settings of so many epochs of retraining, where data and a place are known to be given. */
export const retraining = (settings: PruneSettings, epochs: number): Settings<typeof pruneFlags> => ({
  ...settings,
  data: settings.data!,
  out: settings.out!,
  epochs,
});
