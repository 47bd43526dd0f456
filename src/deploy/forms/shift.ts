import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import { floats } from '../../numeric/tensor.ts';
import { biasOf, type Convolution, liveStripes, stripeOf } from './convolution.ts';
import { BLOCK, depthwiseCost, pointwiseCost, wholeBlocks } from './cost.ts';
import type { FormPlan } from './plan.ts';

/** Filters whose stripes are adjacent: one group of the last convolution sums their maps. */
interface Bundle {
  readonly filters: readonly number[];
  readonly stripes: number;
}

interface ShiftLayout {
  readonly bundles: readonly Bundle[];
  /** Maps per bundle: living stripes, then padding. */
  readonly lanes: number;
}

/** Candidate bundle sizes: small bundles are cheaper to sum, large ones need less padding. */
const BUNDLES = [BLOCK, 2 * BLOCK];
/** Candidate sizes if filters keep their order. Bundles then hold different numbers of stripes, less so if they are large. */
const ORDERED_BUNDLES = [BLOCK, 2 * BLOCK, 4 * BLOCK];

/**
 * y[m] = Σ over the living (i, j) of m of (W[m, :, i, j] · x) shifted by (i, j), as three convolutions: pointwise, with one
 * map per living stripe; depthwise with one non-zero weight per map, which shifts; pointwise with groups and weights 1, which
 * sums. All stay in the blocked layout of onnxruntime's fast convolutions.
 */
export function shiftPlans(conv: Convolution, free: boolean): FormPlan[] {
  if (conv.group !== 1 || liveStripes(conv) === 0 || conv.kernel[0] * conv.kernel[1] === 1) return [];
  const fitting = (free ? BUNDLES : ORDERED_BUNDLES).filter((size) => conv.filters % size === 0);
  const layout = free ? balancedLayout : orderedLayout;
  return (fitting.length > 0 ? fitting : [conv.filters]).map((size) =>
    shiftPlan(conv, size, layout(conv, size)),
  );
}

function shiftPlan(conv: Convolution, size: number, layout: ShiftLayout): FormPlan {
  const { bundles, lanes } = layout;
  const maps = bundles.length * lanes;
  return {
    form: `shift ${size}`,
    order: bundles.flatMap(({ filters }) => filters),
    estimate:
      pointwiseCost(maps, { channels: conv.channels, size: conv.input }) +
      depthwiseCost(conv, maps) +
      pointwiseCost(conv.filters, { channels: lanes, size: conv.output, groups: bundles.length }),
    signature: `${bundles.length}x${lanes}`,
    joins: false,
    lower: (g, convolution) => lowerShift(g, convolution, layout),
  };
}

/** Bundles with similar numbers of living stripes: filters, in descending order, are added to the bundle with the fewest. */
function balancedLayout({ filters, live }: Convolution, size: number): ShiftLayout {
  const bundles = Array.from({ length: filters / size }, () => ({ filters: [] as number[], stripes: 0 }));
  const largestFirst = [...live.keys()].sort((a, b) => live[b]!.length - live[a]!.length);
  for (const filter of largestFirst) {
    const open = bundles.filter((bundle) => bundle.filters.length < size);
    const emptiest = open.reduce((least, bundle) => (bundle.stripes < least.stripes ? bundle : least));
    emptiest.filters.push(filter);
    emptiest.stripes += live[filter]!.length;
  }
  return layoutOf(bundles);
}

/** Bundles of consecutive filters. */
function orderedLayout({ filters, live }: Convolution, size: number): ShiftLayout {
  const bundles = Array.from({ length: filters / size }, (_, i) => {
    const members = Array.from({ length: size }, (_, k) => i * size + k);
    return { filters: members, stripes: members.reduce((sum, m) => sum + live[m]!.length, 0) };
  });
  return layoutOf(bundles);
}

const layoutOf = (bundles: readonly Bundle[]): ShiftLayout => ({
  bundles,
  lanes: wholeBlocks(Math.max(...bundles.map(({ stripes }) => stripes))),
});

function lowerShift(g: Builder, conv: Convolution, { bundles, lanes }: ShiftLayout): Value {
  const { name, channels, filters, kernel, strides, dilations, pads } = conv;
  const maps = bundles.length * lanes;
  const { stripes, taps, ones } = shiftWeights(conv, { bundles, lanes });
  const order = bundles.flatMap((bundle) => bundle.filters);
  const weight = (part: string, shape: readonly number[], data: Float32Array) =>
    g.constant(floats(shape, data), `${name}.${part}.weight`);
  const bias = biasOf(conv, order);
  const product = g
    .named(`${name}.stripes`)
    .Conv(conv.x, weight('stripes', [maps, channels, 1, 1], stripes), { kernel_shape: [1, 1] });
  const shifted = g.named(`${name}.shift`).Conv(product, weight('shift', [maps, 1, ...kernel], taps), {
    kernel_shape: [...kernel],
    strides: [...strides],
    dilations: [...dilations],
    pads: [...pads],
    group: maps,
  });
  return g
    .named(`${name}.sum`)
    .Conv(shifted, weight('sum', [filters, lanes, 1, 1], ones), bias && g.constant(bias, `${name}.bias`), {
      kernel_shape: [1, 1],
      group: bundles.length,
    });
}

/** The three weights: stripes [T, C], taps [T, kH·kW], ones [M, lanes]. */
function shiftWeights(conv: Convolution, { bundles, lanes }: ShiftLayout) {
  const { channels, filters, kernel, live } = conv;
  const maps = bundles.length * lanes;
  const positions = kernel[0] * kernel[1];
  const stripes = new Float32Array(maps * channels);
  const taps = new Float32Array(maps * positions);
  const ones = new Float32Array(filters * lanes);
  let place = 0;
  bundles.forEach((bundle, i) => {
    let lane = 0;
    for (const filter of bundle.filters) {
      for (const position of live[filter]!) {
        const map = i * lanes + lane;
        stripes.set(stripeOf(conv, filter, position), map * channels);
        taps[map * positions + position] = 1;
        ones[place * lanes + lane] = 1;
        lane++;
      }
      place++;
    }
  });
  return { stripes, taps, ones };
}
