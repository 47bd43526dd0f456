import * as v from 'valibot';
import { pruningSchemas as schemas } from '../../pruning/check-options.ts';
import { criterionChoices } from '../../pruning/criteria/names.ts';
import { pruningDefaults as defaults, gradualDefaults, retrainingDefaults } from '../../pruning/defaults.ts';
import { recoveries } from '../../pruning/iterative/settings.ts';
import { scheduleNames } from '../../training/schedules.ts';
import { compileFlag } from '../compile/compile-flag.ts';
import {
  choice,
  choices,
  defaulted,
  flagSwitch,
  fraction,
  globs,
  laterSwitch,
  numberIn,
  optional,
  positive,
  text,
  wholeNumber,
} from '../flags.ts';
import { outputsFlag } from '../outputs.ts';
import { LEARNING_RATE, learningRate, trainingFlags } from '../training/flags.ts';
import type { Settings } from '../training/recipe.ts';
import { teacherFlags } from '../training/teacher-flags.ts';
import { verifyFlag } from '../verify-flag.ts';

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

/** Flags of `prune`. Those of training require --epochs. */
export const pruneFlags = {
  criterion: optional(
    '--criterion <name>',
    `how channels are scored: ${criterionChoices.join(', ')} (default: ${defaults.criterion}; with --pace gradual: ${gradualDefaults.criterion})`,
    choice(criterionChoices),
  ),
  granularity: defaulted(
    '--granularity <name>',
    'what is pruned: channels, scored by the weights that compute them (filter) or that read them (channel); or weights that become zero: W[m, :, i, j] (stripe), W[:, c, i, j] (group), single weights (weight)',
    [schemas.granularity, defaults.granularity],
  ),
  ratio: optional('--ratio <r>', 'fraction of the channels (or stripes, weights) to remove', fraction),
  macs: optional('--macs <r>', 'fraction of the original MACs to keep', fraction),
  parameters: optional('--parameters <r>', 'fraction of the original parameters to keep', fraction),
  latency: optional(
    '--latency <r>',
    'fraction of the original latency to keep, measured in onnxruntime on this machine',
    fraction,
  ),
  scope: optional(
    '--scope <name>',
    `local: the same fraction is removed from each group; global: all channels are ranked together (default: ${defaults.scope}; with --pace gradual: ${gradualDefaults.scope})`,
    schemas.scope,
  ),
  round: defaulted(
    '--round <n>',
    'keep the number of channels of each layer a multiple of this, as fast kernels need',
    [wholeNumber(), defaults.round],
  ),
  floor: defaulted('--floor <r>', 'smallest fraction of the channels of a group to keep', [
    numberIn(0, 1),
    defaults.floor,
  ]),
  exclude: optional('--exclude <globs>', 'layers that are not pruned, separated by commas', globs),
  layerRatio: optional(
    '--layer-ratio <list>',
    'ratios of particular layers: GLOB=RATIO, separated by commas',
    layerRatios,
  ),
  normalize: optional(
    '--normalize <name>',
    'normalisation of the scores within a layer: none, mean, max or gaussian (default: mean; none for bn-scale)',
    schemas.normalize,
  ),
  reduce: defaulted(
    '--reduce <name>',
    'how the scores of coupled channels are combined: sum, mean, max or first',
    [schemas.reduce, defaults.reduce],
  ),
  per: optional(
    '--per <cost>',
    'divide scores by the cost of a channel: macs, bytes of activations, or measured ms (default with --pace gradual: macs)',
    schemas.per,
  ),
  sensitivity: optional(
    '--sensitivity <path>',
    'folder of an espalier sensitivity run, by which the widths of layers are chosen, instead of --scope; needs --macs, --parameters or --latency',
    text,
  ),
  search: optional(
    '--search <n>',
    'evaluate n choices of layer widths that meet the target on calibration images, and take the best',
    wholeNumber(),
  ),
  maskEpochs: optional(
    '--mask-epochs <n>',
    `with --criterion mask: epochs before each cut in which the masks are learned (default: ${defaults.maskEpochs})`,
    wholeNumber(),
  ),
  maskStrength: optional(
    '--mask-strength <x>',
    `with --criterion mask: L1 coefficient of the masks (default: ${defaults.maskStrength})`,
    numberIn(0),
  ),
  maskThreshold: optional(
    '--mask-threshold <x>',
    `with --criterion mask: a mask becomes 0 permanently once its absolute value is at most this (default: ${defaults.maskThreshold})`,
    numberIn(0),
  ),
  scoreFolded: flagSwitch('--score-folded', 'compute norms of weights with BatchNormalization folded in'),
  steps: optional(
    '--steps <n>',
    'number of cuts until the target is reached; the epochs are divided among them (default: 1)',
    wholeNumber(),
  ),
  pace: optional(
    '--pace <name>',
    'gradual: channels are masked and removed while the network trains; linear, cubic: in cuts, between which it is retrained (default: gradual with --epochs, unless --steps or another flag asks for cuts)',
    schemas.pace,
  ),
  until: optional(
    '--until <r>',
    `with --pace gradual: fraction of the run after which the target is met (default: ${defaults.until})`,
    fraction,
  ),
  maskEvery: optional(
    '--mask-every <n>',
    `with --pace gradual: training steps from one masking of channels to the next (default: ${defaults.maskEvery})`,
    wholeNumber(),
  ),
  residual: optional(
    '--residual <name>',
    `with --pace gradual: untied prunes the layers of residual blocks independently, and removes the residual connections at the end (default: ${defaults.residual})`,
    schemas.residual,
  ),
  carried: optional(
    '--carried <name>',
    `with --residual untied: cost of a carried channel: macs, as in onnxruntime, or free, as in a compiled network (default: ${defaults.carried})`,
    schemas.carried,
  ),
  distill: laterSwitch(
    '--distill',
    'with --epochs: retrain to reproduce the outputs of the given model, without labels; --data is then any folder of images',
  ),
  recover: optional(
    '--recover <list>',
    'recovery after each cut, without labels: recalibrate (BatchNormalization statistics), reconstruct (weights of the layers that read the channels, by least squares), or none (default with --data: both; with --epochs and no --distill: recalibrate)',
    choices([...recoveries, 'none']),
  ),
  calibrationImages: defaulted(
    '--calibration-images <n>',
    'number of training images for criteria and recovery',
    [wholeNumber(), defaults.calibrationImages],
  ),
  form: defaulted(
    '--form <name>',
    'with --granularity stripe or group: how model.onnx skips zeros: stripe, shape or dense',
    [choice(['dense', 'shape', 'stripe']), 'dense'],
  ),
  compile: compileFlag,
  wholePositions: flagSwitch(
    '--whole-positions',
    'with --granularity group: prune kernel positions of all input channels, W[:, :, i, j], so that kernels shrink',
  ),
  plan: flagSwitch('--plan', 'print what would be removed, and write nothing'),
  explain: optional('--explain <glob>', 'print why these layers are not pruned, and write nothing', text),
  verify: verifyFlag,
  ...outputsFlag,
  benchSeconds: defaulted('--bench-seconds <s>', 'seconds for measuring the latency', [positive, 4]),
  ...trainingFlags,
  ...teacherFlags,
  data: optional(
    '--data <name>',
    'images to calibrate, evaluate and retrain with: cifar10, fashion-mnist, or a folder of images by class',
    text,
  ),
  epochs: optional('--epochs <n>', 'total epochs of retraining', wholeNumber()),
  out: optional('--out <path>', 'the pruned model (.onnx), or a new folder for the run', text),
  lr: defaulted('--lr <x>', LEARNING_RATE, [learningRate, retrainingDefaults.learningRate]),
  schedule: defaulted('--schedule <name>', `learning rate schedule: ${scheduleNames.join(', ')}`, [
    choice(scheduleNames),
    retrainingDefaults.schedule,
  ]),
};

export type PruneSettings = Settings<typeof pruneFlags, never>;

/** The settings of retraining; null without images, epochs or an output folder. */
export function retrainingSettings(settings: PruneSettings): Settings<typeof pruneFlags> | null {
  const { data, epochs, out } = settings;
  if (data === undefined || epochs === undefined || out === undefined) return null;
  return { ...settings, data, epochs, out };
}
