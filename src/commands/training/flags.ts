import * as v from 'valibot';
import type { AugmentationName } from '../../data/augmentations/index.ts';
import { trainingSchemas as schemas } from '../../training/check-options.ts';
import { trainingDefaults as defaults } from '../../training/defaults.ts';
import { optimizerNames } from '../../training/optimizers.ts';
import { scheduleNames } from '../../training/schedules.ts';
import { DATA_SUMMARY, dataName, limitFlags, logitsFlag } from '../data-flags.ts';
import {
  asNumber,
  choice,
  choices,
  defaulted,
  flagSwitch,
  fraction,
  laterSwitch,
  numberIn,
  numbers,
  optional,
  positive,
  text,
  wholeNumber,
} from '../flags.ts';
import { inputFlags } from '../input-flags.ts';
import { preprocessingFlags } from '../preprocessing.ts';

/** Listed here, so that the command line starts without loading them. */
const augmentations = [
  ...['none', 'flip', 'pad-crop-flip', 'random-resized-crop', 'color-jitter', 'mixup', 'cutmix'],
] as const satisfies readonly AugmentationName[];

const roles = ['weight', 'bias', 'scale', 'shift', 'bn'] as const;

/** What `--lr` takes. */
export const learningRate = v.union([v.literal('auto'), positive], 'expected a number above 0, or auto');
export const LEARNING_RATE =
  'peak learning rate, or auto: found by a range test of 110 steps before training';

/** Flags of all commands that train. The three required ones come from the recipe when a run is resumed. */
export const trainingFlags = {
  data: optional('--data <name>', `${DATA_SUMMARY} (required)`, dataName),
  epochs: optional('--epochs <n>', 'passes over the training images (required)', wholeNumber()),
  out: optional(
    '--out <dir>',
    'a new folder for the run: its record, checkpoints and model (required)',
    text,
  ),
  resume: optional('--resume <dir>', 'continue the run in this folder from its newest checkpoint', text),
  batch: defaulted('--batch <n>', 'images per step', [wholeNumber(), defaults.batch]),
  optimizer: defaulted('--optimizer <name>', `optimiser: ${optimizerNames.join(' or ')}`, [
    schemas.optimizer,
    defaults.optimizer,
  ]),
  lr: defaulted('--lr <x>', LEARNING_RATE, [learningRate, defaults.learningRate]),
  momentum: defaulted('--momentum <x>', "momentum of SGD, or Adam's beta1", [
    asNumber(schemas.momentum),
    defaults.momentum,
  ]),
  nesterov: flagSwitch('--nesterov', 'use Nesterov momentum'),
  weightDecay: defaulted('--weight-decay <x>', 'L2 penalty on the parameters', [
    numberIn(0),
    defaults.weightDecay,
  ]),
  decoupledWeightDecay: flagSwitch(
    '--decoupled-weight-decay',
    'apply weight decay to the weights directly, not through the gradient; with SGD as well',
  ),
  noWeightDecayOn: optional(
    '--no-weight-decay-on <list>',
    'parameters without weight decay: weight, bias, scale, shift; bn means scale and shift',
    choices(roles),
  ),
  schedule: defaulted('--schedule <name>', `learning rate schedule: ${scheduleNames.join(', ')}`, [
    schemas.schedule,
    defaults.schedule,
  ]),
  milestones: defaulted(
    '--milestones <list>',
    'fractions of the run at which the step schedule lowers the learning rate',
    [numbers, [...defaults.milestones]],
  ),
  gamma: defaulted('--gamma <x>', 'factor by which the step schedule multiplies the learning rate', [
    fraction,
    defaults.gamma,
  ]),
  warmupEpochs: defaulted('--warmup-epochs <x>', 'epochs over which the learning rate first rises linearly', [
    numberIn(0),
    defaults.warmupEpochs,
  ]),
  labelSmoothing: defaulted('--label-smoothing <x>', 'label smoothing of the training targets', [
    asNumber(schemas.labelSmoothing),
    defaults.labelSmoothing,
  ]),
  augmentation: optional(
    '--augmentation <list>',
    `augmentations of the training images, in order: ${augmentations.join(', ')} (default: pad-crop-flip with labels, else none)`,
    choices(augmentations),
  ),
  ema: optional(
    '--ema <d>',
    'moving averages of the weights with this decay, such as 0.999: evaluated as well, and the better network is written',
    asNumber(schemas.ema),
  ),
  clipNorm: optional(
    '--clip-norm <x>',
    'largest norm of the gradient: longer ones are scaled down',
    positive,
  ),
  stopAfter: optional(
    '--stop-after <n>',
    'stop when n epochs have not improved the test result',
    wholeNumber(),
  ),
  initialScale: defaulted(
    '--initial-scale <x>',
    'initial scale of BatchNormalization in a built-in network',
    [positive, 1],
  ),
  insertBatchnorm: laterSwitch(
    '--insert-batchnorm',
    'insert BatchNormalization where it was folded away, before training, calibrated so that the network computes the same',
  ),
  ...limitFlags,
  ...preprocessingFlags,
  ...logitsFlag,
  ...inputFlags,
  seed: defaulted('--seed <n>', 'random seed', [wholeNumber(0), defaults.seed]),
  threads: optional('--threads <n>', 'threads of the engine (default: one per core)', wholeNumber()),
  executor: optional(
    '--executor <name>',
    'training engine: onednn or onnxruntime (default: onednn if its library is installed)',
    choice(['onednn', 'onnxruntime']),
  ),
  evalEvery: defaulted('--eval-every <n>', 'epochs between evaluations', [
    wholeNumber(),
    defaults.evaluateEvery,
  ]),
  checkpointSeconds: defaulted('--checkpoint-seconds <n>', 'seconds between checkpoints within an epoch', [
    positive,
    defaults.checkpointSeconds,
  ]),
};

export type TrainingFlags = typeof trainingFlags;

/** The model argument of all commands that train. */
export const trainedModel = {
  name: '[model]',
  summary:
    'an .onnx file to fine-tune, or a built-in network to train from scratch; not needed with --resume',
};
