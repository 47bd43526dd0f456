import { floats, makeTensor, type Tensor } from '../numeric/tensor.ts';

/** The interval of numbers that 8 bits represent. */
export interface ActivationRange {
  readonly low: number;
  readonly high: number;
}

/** x ≈ scale·(q − zeroPoint), with q in 0, …, 255. */
export interface ActivationScale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Weights (and bias) of a layer as integers: w ≈ scale[channel]·q. */
export interface QuantizedWeights {
  readonly weight: Tensor;
  /** float32 [channels], or a single scale. */
  readonly scale: Tensor;
  /** int32 [channels], with the scale of the input times that of the weight; null without bias. */
  readonly bias: Tensor | null;
}

const STEPS = 255;
/** Upper bound of a bias's absolute value: int32, with room for the sum that it is added to. */
const LARGEST_BIAS = 2 ** 30;

/** The smallest interval that contains both. */
export const unionOf = (a: ActivationRange, b: ActivationRange): ActivationRange => ({
  low: Math.min(a.low, b.low),
  high: Math.max(a.high, b.high),
});

/** The smallest interval that contains some elements and 0. */
export function rangeOf(data: ArrayLike<number>): ActivationRange {
  let [low, high] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    low = Math.min(low, data[i]!);
    high = Math.max(high, data[i]!);
  }
  return { low, high };
}

/**
 * Asymmetric uint8 scale of a range, widened to contain 0, which is then represented exactly: scale = (high − low)/255, zero
 * point = round(−low/scale). Padding requires exact zeros.
 */
export function activationScale(range: ActivationRange): ActivationScale {
  const [low, high] = [Math.min(0, range.low), Math.max(0, range.high)];
  const scale = Math.fround((high - low) / STEPS);
  if (!(scale > 0)) return { scale: 1, zeroPoint: 0 }; // nothing but zeros
  return { scale, zeroPoint: Math.min(STEPS, Math.max(0, roundHalfEven(-low / scale))) };
}

/** round(x/scale) + zero point, clamped to 0, …, 255. */
export const codeOf = (x: number, { scale, zeroPoint }: ActivationScale): number =>
  Math.min(STEPS, Math.max(0, roundHalfEven(x / scale) + zeroPoint));

/** Rounds to the nearest integer, ties to even, as QuantizeLinear does. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Weights with a smaller absolute value are treated as zeros: products of smaller scales would underflow float32. */
const SMALLEST_SCALE = 1e-20;

export interface WeightOptions {
  /** The axis with one scale per index; null for a single scale. */
  readonly axis: number | null;
  /** 8, or 7 if sums of two products of 8 bits would overflow int16. */
  readonly bits: 7 | 8;
  readonly bias: Float32Array | null;
  /** The scale of the activations that the weights are multiplied by. */
  readonly inputScale: number;
}

/**
 * Symmetric int8 weights: scale = max|w|/(2^(bits − 1) − 1) per channel, q = round(w/scale); int32 bias = round(b/(input
 * scale·scale)). For a filter with tiny weights, the scale is increased until its bias fits.
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
