import { EspalierError } from '../errors.ts';

/** How masks approach a target. */
export const maskScheduleNames = ['threshold', 'gradual'] as const;
/** How masks approach a target: by the threshold alone, or step by step up to a part of the run. */
export type MaskScheduleName = (typeof maskScheduleNames)[number];

/** What skeletons begin with: 1, as in the paper, or the relative norm of each stripe. */
export const skeletonStarts = ['one', 'norm'] as const;

/** Shapes that a block of filters may have: each a cropped convolution, or any. */
export const sharedShapes = ['rectangles', 'free'] as const;
/** One of `sharedShapes`. */
export type SharedShape = (typeof sharedShapes)[number];

/** How the shapes of filters are learned. */
export interface StripeLearning {
  /** L1 coefficient of the filter skeletons. Default 1e-5. */
  readonly alpha?: number;
  /** A stripe is pruned for good when the absolute value of its skeleton entry falls to this. Default 0.01. */
  readonly threshold?: number;
  /** Fraction of the MACs to keep; pruning stops there. Default: no target. */
  readonly macs?: number | undefined;
  /** Fraction of the latency to keep, in place of `macs`; needs `shapeBlock`. */
  readonly latency?: number | undefined;
  /** Default `gradual` where there is a target, else `threshold`. */
  readonly pace?: MaskScheduleName | undefined;
  /** With `gradual`: fraction of the run after which the target is reached. Default 0.6. */
  readonly until?: number;
  /** Default `norm` with `gradual`, else `one`. */
  readonly skeletonStart?: (typeof skeletonStarts)[number] | undefined;
  /** Default: that of the other parameters. */
  readonly skeletonWeightDecay?: number | undefined;
  /** Learns shapes alone: weights do not change. Default false. */
  readonly freezeWeights?: boolean;
  /** Removes filters without stripes while training: quicker, with the same result. Default true. */
  readonly shrink?: boolean;
  /** Filters share their shapes in blocks of as many similar filters. Default: each has its own. */
  readonly shapeBlock?: number | undefined;
  /** With `shapeBlock`; default `rectangles`. */
  readonly shapes?: SharedShape | undefined;
}

/** The options of stripe learning that are not given. */
export const stripeDefaults = {
  alpha: 1e-5,
  threshold: 0.01,
  until: 0.6,
  freezeWeights: false,
  shrink: true,
  shapes: 'rectangles',
} as const satisfies StripeLearning;

/** Options that do not go together. */
const conflicts: readonly (readonly [applies: (options: StripeLearning) => boolean, message: string])[] = [
  [
    ({ pace, macs, latency }) => pace === 'gradual' && macs === undefined && latency === undefined,
    '`pace` gradual needs `macs` or `latency`',
  ],
  [
    ({ macs, latency }) => macs !== undefined && latency !== undefined,
    'expected one of `macs` and `latency`, found both',
  ],
  [
    ({ latency, shapeBlock }) => latency !== undefined && shapeBlock === undefined,
    '`latency` needs `shapeBlock`: latency cannot be predicted for the shapes of single filters',
  ],
  [
    ({ shapes, shapeBlock }) => shapes !== undefined && shapeBlock === undefined,
    '`shapes` needs `shapeBlock`',
  ],
];

/** Throws `usage` where options contradict each other. */
export function checkStripeLearning(options: StripeLearning): void {
  const conflict = conflicts.find(([applies]) => applies(options));
  if (conflict) throw new EspalierError('usage', conflict[1]);
}
