import * as v from 'valibot';
import { EspalierError } from '../../errors.ts';
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
import { verifyFlag } from '../verify-flag.ts';

const shapeBlock = v.pipe(choice(['8', '16']), v.transform(Number));

/** The flags of swp. */
export const stripeFlags = {
  ...trainingFlags,
  sr: defaulted('--sr <x>', 'the L1 coefficient on the filter skeletons', [numberIn(0), 1e-5]),
  threshold: defaulted('--threshold <x>', 'a stripe dies when its skeleton falls to this', [
    numberIn(0),
    0.01,
  ]),
  macs: optional('--macs <fraction>', 'part of the MACs to keep; the shapes freeze there', fraction),
  latency: optional(
    '--latency <fraction>',
    'part of the latency to keep, in place of --macs: of shared shapes, by timings in onnxruntime here',
    fraction,
  ),
  pace: optional(
    '--pace <name>',
    'threshold, as in the paper, or gradual: towards --macs or --latency (the default where one is given)',
    choice(['threshold', 'gradual']),
  ),
  until: defaulted('--until <fraction>', 'part of the run over which a gradual pace reaches its target', [
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
  verify: verifyFlag,
  benchSeconds: defaulted('--bench-seconds <s>', 'time to measure latency in', [positive, 4]),
};

export type StripeSettings = Settings<typeof stripeFlags>;

/** Options that do not go together. */
const conflicts: readonly (readonly [applies: (settings: StripeSettings) => boolean, message: string])[] = [
  [
    ({ pace, macs, latency }) => pace === 'gradual' && macs === undefined && latency === undefined,
    '--pace gradual needs --macs or --latency',
  ],
  [
    ({ macs, latency }) => macs !== undefined && latency !== undefined,
    'expected one of --macs and --latency, found both',
  ],
  [
    ({ latency, shapeBlock }) => latency !== undefined && shapeBlock === undefined,
    '--latency needs --shape-block: shapes of single filters have no time of their own',
  ],
  [
    ({ shapes, shapeBlock }) => shapes !== undefined && shapeBlock === undefined,
    '--shapes needs --shape-block: it tells what a block may keep',
  ],
];

/** Throws `usage` where options contradict each other. */
export function checkStripeSettings(settings: StripeSettings): void {
  const conflict = conflicts.find(([applies]) => applies(settings));
  if (conflict) throw new EspalierError('usage', conflict[1]);
}
