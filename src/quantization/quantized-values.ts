import type { Builder } from '../graph/builder.ts';
import type { Node, Value } from '../graph/graph.ts';
import { floats, makeTensor, type Tensor } from '../numeric/tensor.ts';
import { type ActivationScale, codeOf, type QuantizedWeights } from './scales.ts';

/** A value in 8 bits: its codes, and the numbers that they represent. */
export interface Rounded {
  readonly codes: Value;
  readonly numbers: Value;
}

/** Appends QuantizeLinear and DequantizeLinear of a value; a constant is rounded directly. */
export function quantizedAndBack(g: Builder, x: Value, scale: ActivationScale): Rounded {
  const parameters = parametersOf(g, x, scale);
  const codes = x.tensor
    ? g.constant(codesOf(x.tensor, scale), `${x.name}.quantized`)
    : g.named(`${x.name}.quantized`).QuantizeLinear(x, ...parameters);
  return { codes, numbers: g.named(`${x.name}.dequantized`).DequantizeLinear(codes, ...parameters) };
}

/** Appends DequantizeLinear of existing codes. */
export function decoded(g: Builder, codes: Value, scale: ActivationScale): Rounded {
  const numbers = g
    .named(`${codes.name}.dequantized`)
    .DequantizeLinear(codes, ...parametersOf(g, codes, scale));
  return { codes, numbers };
}

const parametersOf = (g: Builder, { name }: Value, { scale, zeroPoint }: ActivationScale) =>
  [
    g.constant(floats([], [scale]), `${name}.scale`),
    g.constant(makeTensor('uint8', [], Uint8Array.of(zeroPoint)), `${name}.zero`),
  ] as const;

/** The uint8 codes of float32 numbers. */
export const codesOf = ({ shape, data }: Tensor, scale: ActivationScale): Tensor =>
  makeTensor(
    'uint8',
    shape,
    Uint8Array.from(data as Float32Array, (x) => codeOf(x, scale)),
  );

/** A layer with its quantised parameters. */
export interface RoundedLayer {
  readonly node: Node;
  readonly weights: QuantizedWeights;
  /** The axis of the weight that is the output channel. */
  readonly axis: number;
  /** Whether a bias can be added to it. */
  readonly takesBias: boolean;
  /** Scale of its input; null if the input stays in floating point. */
  readonly input: ActivationScale | null;
}

/** int8 weights, followed by DequantizeLinear. */
export function dequantizedWeight(g: Builder, { node, weights, axis }: RoundedLayer): Value {
  const { weight, scale } = weights;
  const zeros = makeTensor('int8', scale.shape, new Int8Array(scale.data.length));
  const { name } = node.inputs[1]!;
  return g
    .named(`${name}.dequantized`)
    .DequantizeLinear(
      g.constant(weight, `${name}.quantized`),
      g.constant(scale, `${name}.scale`),
      g.constant(zeros, `${name}.zero`),
      { axis },
    );
}

/** int32 biases with the scale of the integer sums; null without bias. */
export function dequantizedBias(g: Builder, { node, weights, input }: RoundedLayer): Value | null {
  const { bias, scale } = weights;
  if (!bias || !input) return null;
  const scales = Float32Array.from(scale.data as Float32Array, (s) => s * input.scale);
  const zeros = makeTensor('int32', scale.shape, new Int32Array(scales.length));
  const name = node.inputs[2]?.name ?? `${node.name}.bias`;
  return g
    .named(`${name}.dequantized`)
    .DequantizeLinear(
      g.constant(bias, `${name}.quantized`),
      g.constant(floats(scale.shape, scales), `${name}.scale`),
      g.constant(zeros, `${name}.zero`),
      { axis: 0 },
    );
}
