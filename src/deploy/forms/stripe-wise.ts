import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import { floats } from '../../numeric/tensor.ts';
import { type Convolution, liveStripes, stripeOf } from './convolution.ts';
import { copyCost, pointwiseCost, sliceCost } from './cost.ts';
import { type FormPlan, inOrder } from './plan.ts';

/** The living stripes at one kernel position. */
interface Tap {
  readonly row: number;
  readonly column: number;
  readonly filters: readonly number[];
}

/**
 * y[m] = Σ over the living (i, j) of m of (1×1 convolution with W[m, :, i, j]) shifted by (i, j). Each tap first samples the
 * padded input with its offset and stride, then multiplies: MACs are exactly living stripes · C · H_out · W_out, the fewest
 * of all forms. The maps are then gathered by filter, padded with a zero map, and summed.
 */
export function stripePlans(conv: Convolution): FormPlan[] {
  const stripes = liveStripes(conv);
  if (conv.group !== 1 || stripes === 0) return [];
  const taps = tapsOf(conv);
  const gathered = conv.filters * mostTaps(conv);
  const plan: FormPlan = {
    form: 'stripe',
    order: inOrder(conv),
    estimate:
      pointwiseCost(stripes, { channels: conv.channels, size: conv.output }) +
      taps.length * sliceCost(conv, conv.channels) +
      2 * copyCost(conv, gathered) +
      copyCost(conv, stripes),
    signature: `${taps.map(({ filters }) => filters.length).join(' ')} ${gathered}`,
    joins: false,
    lower: lowerStripeWise,
  };
  return [plan];
}

function lowerStripeWise(g: Builder, conv: Convolution): Value {
  const taps = tapsOf(conv);
  const padded = conv.pads.some((pad) => pad > 0) ? pad(g, conv) : conv.x;
  const maps = taps.map((tap) => pointwise(g, conv, { tap, sampled: sample(g, conv, padded, tap) }));
  const summed = sumByFilter(g, conv, taps, maps);
  return conv.bias ? g.Add(summed, g.floats([...conv.bias], [1, conv.filters, 1, 1])) : summed;
}

const mostTaps = ({ live }: Convolution): number => Math.max(1, ...live.map((positions) => positions.length));

function tapsOf({ kernel: [kH, kW], live }: Convolution): Tap[] {
  const taps: Tap[] = [];
  for (let position = 0; position < kH * kW; position++) {
    const filters = [...live.keys()].filter((m) => live[m]!.includes(position));
    if (filters.length > 0) taps.push({ row: Math.floor(position / kW), column: position % kW, filters });
  }
  return taps;
}

function pad(g: Builder, { x, pads: [top, left, bottom, right] }: Convolution): Value {
  return g.Pad(x, g.int64s([0, 0, top, left, 0, 0, bottom, right]));
}

/** x[:, :, i·dH + s·h, j·dW + s·w] of the padded input, for all output positions (h, w). */
function sample(g: Builder, conv: Convolution, padded: Value, { row, column }: Tap): Value {
  const { kernel, strides, dilations } = conv;
  const starts = [row * dilations[0], column * dilations[1]];
  // Positions beyond those that this tap reads are cut off at the end. An end of −0 would mean 0, so an open end is used
  // instead.
  const behind = [(kernel[0] - 1) * dilations[0] - starts[0]!, (kernel[1] - 1) * dilations[1] - starts[1]!];
  const ends = behind.map((size) => (size === 0 ? OPEN_END : -size));
  if (
    starts.every((start) => start === 0) &&
    behind.every((size) => size === 0) &&
    strides.every((s) => s === 1)
  ) {
    return padded;
  }
  return g.Slice(padded, g.int64s(starts), g.int64s(ends), g.int64s([2, 3]), g.int64s([...strides]));
}

const OPEN_END = 2 ** 31 - 1;

function pointwise(g: Builder, conv: Convolution, { tap, sampled }: { tap: Tap; sampled: Value }): Value {
  const { name, channels, kernel } = conv;
  const weights = new Float32Array(tap.filters.length * channels);
  tap.filters.forEach((filter, i) => {
    weights.set(stripeOf(conv, filter, tap.row * kernel[1] + tap.column), i * channels);
  });
  const tapName = `${name}.tap${tap.row}${tap.column}`;
  const weight = g.constant(floats([tap.filters.length, channels, 1, 1], weights), `${tapName}.weight`);
  return g.named(tapName).Conv(sampled, weight, { kernel_shape: [1, 1] });
}

/**
 * Σ of each filter's maps: gathered to [N, M·T, …], where T is the largest number of taps of a filter, reshaped and reduced.
 */
function sumByFilter(g: Builder, conv: Convolution, taps: readonly Tap[], maps: readonly Value[]): Value {
  const { filters } = conv;
  const most = mostTaps(conv);
  const total = taps.reduce((sum, tap) => sum + tap.filters.length, 0);
  const index = new Array<number>(filters * most).fill(total);
  const filled = new Array<number>(filters).fill(0);
  let at = 0;
  for (const tap of taps) for (const filter of tap.filters) index[filter * most + filled[filter]!++] = at++;
  const needsZero = index.includes(total);
  const parts = needsZero ? [...maps, zeroMap(g, maps[0]!)] : [...maps];
  const joined = parts.length === 1 ? parts[0]! : g.Concat(...parts, { axis: 1 });
  const gathered = g.Gather(joined, g.int64s(index), { axis: 1 });
  if (most === 1) return gathered;
  const spatial = conv.output ?? [0, 0];
  const shaped = g.Reshape(gathered, reshapeTarget(g, { filters, most, spatial, gathered }));
  return g.ReduceSum(shaped, g.int64s([2]), { keepdims: 0 });
}

/** The target shape of [N, M·T, H, W] → [N, M, T, H, W]: constant if the size is fixed, else computed. */
function reshapeTarget(
  g: Builder,
  {
    filters,
    most,
    spatial,
    gathered,
  }: { filters: number; most: number; spatial: readonly number[]; gathered: Value },
): Value {
  if (spatial[0]! > 0) return g.int64s([-1, filters, most, ...spatial]);
  const size = g.Shape(gathered);
  const [batch, rest] = [
    g.Slice(size, g.int64s([0]), g.int64s([1])),
    g.Slice(size, g.int64s([2]), g.int64s([4])),
  ];
  return g.Concat(batch, g.int64s([filters, most]), rest, { axis: 0 });
}

/** A map of zeros [N, 1, H, W] with the size of another value. */
function zeroMap(g: Builder, like: Value): Value {
  const first = g.Slice(like, g.int64s([0]), g.int64s([1]), g.int64s([1]));
  return g.Sub(first, first);
}
