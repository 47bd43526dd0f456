import * as v from 'valibot';
import { writtenForms } from '../../deploy/written-forms.ts';
import { stripePruningDefaults as defaults } from '../../stripe-pruning/defaults.ts';
import { maskScheduleNames, sharedShapes, skeletonStarts } from '../../stripes/learning.ts';
import { compileFlag } from '../compile/compile-flag.ts';
import {
  choice,
  defaulted,
  flagSwitch,
  fraction,
  laterSwitch,
  numberIn,
  optional,
  positive,
} from '../flags.ts';
import { trainingFlags } from '../training/flags.ts';
import type { Settings } from '../training/recipe.ts';
import { teacherFlags } from '../training/teacher-flags.ts';
import { verifyFlag } from '../verify-flag.ts';

const shapeBlock = v.pipe(choice(['8', '16']), v.transform(Number));

/** Flags of `swp`. */
export const stripeFlags = {
  ...trainingFlags,
  ...teacherFlags,
  sr: defaulted('--sr <x>', 'L1 coefficient of the filter skeletons', [numberIn(0), defaults.alpha]),
  threshold: defaulted(
    '--threshold <x>',
    'a stripe is pruned permanently once the absolute value of its skeleton entry is at most this',
    [numberIn(0), defaults.threshold],
  ),
  macs: optional('--macs <fraction>', 'fraction of the MACs to keep; pruning stops there', fraction),
  latency: optional(
    '--latency <fraction>',
    'fraction of the latency to keep, instead of --macs; needs --shape-block; predicted from timings in onnxruntime on this machine',
    fraction,
  ),
  pace: optional(
    '--pace <name>',
    'threshold: prune by --threshold, as in the paper; gradual: prune step by step towards --macs or --latency (the default if one is given)',
    choice(maskScheduleNames),
  ),
  until: defaulted(
    '--until <fraction>',
    'with --pace gradual: fraction of the run after which the target is reached',
    [fraction, defaults.until],
  ),
  skeletonWeightDecay: optional(
    '--skeleton-weight-decay <x>',
    'weight decay of the skeletons (default: that of --weight-decay)',
    numberIn(0),
  ),
  skeletonStart: optional(
    '--skeleton-start <name>',
    'initial skeletons: one, as in the paper, or norm, the relative norm of each stripe (the default with --pace gradual)',
    choice(skeletonStarts),
  ),
  shapeBlock: optional(
    '--shape-block <n>',
    'filters share their shapes in blocks of 8 or 16 similar filters, so that cropped kernels are faster on narrow layers, too',
    shapeBlock,
  ),
  shapes: optional(
    '--shapes <name>',
    'with --shape-block: shapes that a block may have: rectangles (the default; each is a cropped convolution), or free',
    choice(sharedShapes),
  ),
  freezeWeights: flagSwitch('--freeze-weights', 'learn only the shapes; the weights do not change'),
  noShrink: laterSwitch(
    '--no-shrink',
    'do not remove filters without stripes during training: slower, with the same result',
  ),
  form: defaulted(
    '--form <name>',
    'how model.onnx skips zero stripes: stripe (shifted 1×1 convolutions, the fewest MACs), shape (cropped kernels), dense (zeros kept)',
    [choice(writtenForms), defaults.form],
  ),
  compile: compileFlag,
  verify: verifyFlag,
  benchSeconds: defaulted('--bench-seconds <s>', 'seconds for measuring the latency', [
    positive,
    defaults.seconds,
  ]),
};

export type StripeSettings = Settings<typeof stripeFlags>;
