import { DATA_SUMMARY, dataName, limitFlags, logitsFlag } from '../data-flags.ts';
import {
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

const roles = ['weight', 'bias', 'scale', 'shift', 'bn'] as const;

/** Flags of every command that trains. The three that a run needs come from its recipe where it is resumed. */
export const trainingFlags = {
  data: optional('--data <name>', `${DATA_SUMMARY} (required)`, dataName),
  epochs: optional('--epochs <n>', 'passes over the training images (required)', wholeNumber()),
  out: optional('--out <dir>', 'a new folder for the record of the run and its model (required)', text),
  resume: optional('--resume <dir>', 'go on with the run in a folder, from its newest checkpoint', text),
  batch: defaulted('--batch <n>', 'images a step', [wholeNumber(), 128]),
  optimizer: defaulted('--optimizer <name>', 'sgd or adamw', [choice(['sgd', 'adamw']), 'sgd']),
  lr: defaulted('--lr <x>', 'the highest learning rate', [positive, 0.1]),
  momentum: defaulted('--momentum <x>', "SGD's momentum, or Adam's first beta", [numberIn(0, 1), 0.9]),
  nesterov: flagSwitch('--nesterov', "Nesterov's momentum"),
  weightDecay: defaulted('--weight-decay <x>', 'L2 penalty on parameters', [numberIn(0), 1e-4]),
  decoupledWeightDecay: flagSwitch('--decoupled-weight-decay', 'decay apart from the gradient, with SGD too'),
  noWeightDecayOn: optional(
    '--no-weight-decay-on <list>',
    'roles without decay: weight, bias, scale, shift; bn is scale and shift',
    choices(roles),
  ),
  schedule: defaulted('--schedule <name>', 'of the learning rate: step, cosine or constant', [
    choice(['step', 'cosine', 'constant']),
    'step',
  ]),
  milestones: defaulted('--milestones <list>', 'fractions of the run at which step falls', [
    numbers,
    [0.5, 0.75],
  ]),
  gamma: defaulted('--gamma <x>', 'what step multiplies by', [fraction, 0.1]),
  warmupEpochs: defaulted('--warmup-epochs <x>', 'over which the rate first rises', [numberIn(0), 0]),
  labelSmoothing: defaulted('--label-smoothing <x>', 'of the targets', [numberIn(0, 1), 0]),
  augmentation: defaulted('--augmentation <name>', 'pad-crop-flip or none', [
    choice(['pad-crop-flip', 'none']),
    'pad-crop-flip',
  ]),
  initialScale: defaulted(
    '--initial-scale <x>',
    'what the scale of BatchNormalization starts from, in a fresh network of the zoo',
    [positive, 1],
  ),
  insertBatchnorm: laterSwitch(
    '--insert-batchnorm',
    'first put back BatchNormalization that was folded away, calibrated so that the network computes the same',
  ),
  ...limitFlags,
  ...preprocessingFlags,
  ...logitsFlag,
  ...inputFlags,
  seed: defaulted('--seed <n>', 'of everything random', [wholeNumber(0), 1]),
  threads: optional('--threads <n>', 'threads of the engine; all cores where left out', wholeNumber()),
  executor: optional(
    '--executor <name>',
    'what trains: onednn or onnxruntime; onednn where its library is found, if left out',
    choice(['onednn', 'onnxruntime']),
  ),
  evalEvery: defaulted('--eval-every <n>', 'epochs between evaluations', [wholeNumber(), 1]),
  checkpointSeconds: defaulted('--checkpoint-seconds <n>', 'seconds between checkpoints within an epoch', [
    positive,
    60,
  ]),
};

export type TrainingFlags = typeof trainingFlags;

/** The argument of every command that trains. */
export const trainedModel = {
  name: '[model]',
  summary: 'an .onnx file to go on from, or a name of the zoo to start afresh; not needed with --resume',
};
