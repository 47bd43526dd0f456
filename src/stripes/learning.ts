import { EspalierError } from '../errors.ts';
import {
  expectOptions,
  fraction,
  numberIn,
  type OptionSchemas,
  oneOf,
  wholeNumber,
} from '../option-schemas.ts';

/** Schedules by which masks approach a target. */
export const maskScheduleNames = ['threshold', 'gradual'] as const;
/** `threshold`: by a fixed threshold only; `gradual`: along a curve up to a fraction of the run. */
export type MaskScheduleName = (typeof maskScheduleNames)[number];

/** Initial values of skeletons: 1, as in the paper, or the relative norm of each stripe. */
export const skeletonStarts = ['one', 'norm'] as const;

/** Shapes that a block of filters may have: `rectangles`, each a cropped convolution, or `free`. */
export const sharedShapes = ['rectangles', 'free'] as const;
/** `rectangles`: each shape is a cropped convolution; `free`: any positions. */
export type SharedShape = (typeof sharedShapes)[number];

/** Options of learning filter shapes. */
export interface StripeLearning {
  /** L1 coefficient α of the filter skeletons. Default 1e-5. */
  readonly alpha?: number;
  /** A stripe is removed permanently once the absolute value of its skeleton entry is at most this. Default 0.01. */
  readonly threshold?: number;
  /** Fraction of the MACs to keep; pruning stops there. Default: no target. */
  readonly macs?: number | undefined;
  /** Fraction of the latency to keep, instead of `macs`; needs `shapeBlock`. */
  readonly latency?: number | undefined;
  /** Schedule of the masks. Default `gradual` with a target, else `threshold`. */
  readonly pace?: MaskScheduleName | undefined;
  /** For `gradual`: the fraction of the run after which the target is reached. Default 0.6. */
  readonly until?: number;
  /** Default `norm` for `gradual`, else `one`. */
  readonly skeletonStart?: (typeof skeletonStarts)[number] | undefined;
  /** Default: the weight decay of the other parameters. */
  readonly skeletonWeightDecay?: number | undefined;
  /** Learns shapes only: weights are not changed. Default false. */
  readonly freezeWeights?: boolean;
  /** Whether to remove filters without stripes during training, which is faster and gives the same result. Default true. */
  readonly shrink?: boolean;
  /** Lets filters share their shapes in blocks of this many similar filters. Default: each filter has its own shape. */
  readonly shapeBlock?: number | undefined;
  /** Shapes of blocks, if `shapeBlock` is given; default `rectangles`. */
  readonly shapes?: SharedShape | undefined;
}

/** Default options of learning filter shapes. */
export const stripeDefaults = {
  alpha: 1e-5,
  threshold: 0.01,
  until: 0.6,
  freezeWeights: false,
  shrink: true,
  shapes: 'rectangles',
} as const satisfies StripeLearning;

/** With an option of training that is refused. */
type StripeRequest = StripeLearning & { readonly ema?: number | undefined };

/** Invalid combinations of options. */
const conflicts: readonly (readonly [applies: (options: StripeRequest) => boolean, message: string])[] = [
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
  [({ ema }) => ema !== undefined, '`ema`: filter skeletons have no moving averages'],
];

const schemas: OptionSchemas<StripeLearning> = {
  alpha: numberIn(0),
  threshold: numberIn(0),
  macs: fraction,
  latency: fraction,
  pace: oneOf(maskScheduleNames),
  until: fraction,
  skeletonStart: oneOf(skeletonStarts),
  skeletonWeightDecay: numberIn(0),
  shapeBlock: wholeNumber(2),
  shapes: oneOf(sharedShapes),
};

/** Throws `usage` if an option is invalid, or options contradict each other. */
export function checkStripeLearning(options: StripeRequest): void {
  expectOptions<StripeLearning>(schemas, options);
  const conflict = conflicts.find(([applies]) => applies(options));
  if (conflict) throw new EspalierError('usage', conflict[1]);
}
