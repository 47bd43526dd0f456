import { floats, makeTensor, type Tensor } from '../numeric/tensor.ts';

/** The interval of a tensor's elements that 8 bits are spent on. */
export interface ActivationRange {
  readonly low: number;
  readonly high: number;
}

/** x ≈ scale·(q − zeroPoint), q in 0 … 255. */
export interface ActivationScale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Weights (and bias) of a layer as integers: w ≈ scale[channel]·q. */
export interface QuantizedWeights {
  readonly weight: Tensor;
  /** float32 [channels], or one for all. */
  readonly scale: Tensor;
  /** int32 [channels], its scale the input's times the weight's; null where there is none. */
  readonly bias: Tensor | null;
}

const STEPS = 255;
/** Biases stay below this in absolute value: int32, with room for the sum that is added. */
const LARGEST_BIAS = 2 ** 30;

/** The smallest interval that holds both. */
export const unionOf = (a: ActivationRange, b: ActivationRange): ActivationRange => ({
  low: Math.min(a.low, b.low),
  high: Math.max(a.high, b.high),
});

/** The smallest interval that holds some elements, and 0. */
export function rangeOf(data: ArrayLike<number>): ActivationRange {
  let [low, high] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    low = Math.min(low, data[i]!);
    high = Math.max(high, data[i]!);
  }
  return { low, high };
}

/**
 * Asymmetric uint8 over a range, widened to hold 0, which is exact then: scale = (high − low)/255, zero point =
 * round(−low/scale). Padding adds exact zeros for that reason.
 */
export function activationScale(range: ActivationRange): ActivationScale {
  const [low, high] = [Math.min(0, range.low), Math.max(0, range.high)];
  const scale = Math.fround((high - low) / STEPS);
  if (!(scale > 0)) return { scale: 1, zeroPoint: 0 }; // nothing but zeros
  return { scale, zeroPoint: Math.min(STEPS, Math.max(0, roundHalfEven(-low / scale))) };
}

/** round(x/scale) + zero point, cut to 0 … 255. */
export const codeOf = (x: number, { scale, zeroPoint }: ActivationScale): number =>
  Math.min(STEPS, Math.max(0, roundHalfEven(x / scale) + zeroPoint));

/** The nearest integer, of two the even one: as QuantizeLinear rounds. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Weights below this are zeros: products of smaller scales would not be float32. */
const SMALLEST_SCALE = 1e-20;

export interface WeightOptions {
  /** The axis with a scale each; null for one scale in all. */
  readonly axis: number | null;
  /** 8, or 7 where products of 8 bits would overflow pairs of int16. */
  readonly bits: 7 | 8;
  readonly bias: Float32Array | null;
  /** The scale of the activations that the weights are multiplied by. */
  readonly inputScale: number;
}

/**
 * Symmetric int8 weights: scale = max|w|/(2^(bits − 1) − 1) by channel, q = round(w/scale); int32 bias =
 * round(b/(input scale·scale)). A filter of next to no weights takes the scale at which its bias still fits.
 */
export function quantizeWeights(weight: Tensor, options: WeightOptions): QuantizedWeights {
  const { axis, bits, bias, inputScale } = options;
  const data = weight.data as Float32Array;
  const largestCode = 2 ** (bits - 1) - 1;
  const channels = axis === null ? 1 : weight.shape[axis]!;
  const inner = weight.shape.slice(axis === null ? 0 : axis + 1).reduce((size, dim) => size * dim, 1);
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  const largest = new Float64Array(channels);
  for (let i = 0; i < data.length; i++) {
    largest[channelOf(i)] = Math.max(largest[channelOf(i)]!, Math.abs(data[i]!));
  }
  bias?.forEach((b, i) => {
    const needed = (Math.abs(b) / (inputScale * LARGEST_BIAS)) * largestCode;
    largest[i % channels] = Math.max(largest[i % channels]!, needed);
  });
  const scale = Float32Array.from(largest, (value) => {
    const exact = value / largestCode;
    return exact > SMALLEST_SCALE ? exact : 1;
  });
  const codes = Int8Array.from(data, (w, i) =>
    Math.min(largestCode, Math.max(-largestCode, roundHalfEven(w / scale[channelOf(i)]!))),
  );
  return {
    weight: makeTensor('int8', weight.shape, codes),
    scale: floats(axis === null ? [] : [channels], scale),
    bias: bias && quantizedBias(bias, scale, inputScale),
  };
}

function quantizedBias(bias: Float32Array, scale: Float32Array, inputScale: number): Tensor {
  const codes = Int32Array.from(bias, (b, i) => roundHalfEven(b / (inputScale * scale[i % scale.length]!)));
  return makeTensor('int32', [bias.length], codes);
}
