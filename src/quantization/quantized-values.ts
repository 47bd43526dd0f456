import type { Builder } from '../graph/builder.ts';
import type { Node, Value } from '../graph/graph.ts';
import { floats, makeTensor } from '../numeric/tensor.ts';
import { type ActivationScale, type QuantizedWeights, roundHalfEven } from './scales.ts';

/** Q and DQ: the value as its 8 bits say it. */
export function rounded(g: Builder, x: Value, { scale, zeroPoint }: ActivationScale): Value {
  const { name } = x;
  const parameters = [
    g.constant(floats([], [scale]), `${name}.scale`),
    g.constant(makeTensor('uint8', [], Uint8Array.of(zeroPoint)), `${name}.zero`),
  ] as const;
  const codes = x.tensor ? codesOf(g, x, { scale, zeroPoint }) : quantized(g, x, parameters);
  return g.named(`${name}.dequantized`).DequantizeLinear(codes, ...parameters);
}

const quantized = (g: Builder, x: Value, parameters: readonly [Value, Value]): Value =>
  g.named(`${x.name}.quantized`).QuantizeLinear(x, ...parameters);

/** A constant is rounded here. */
function codesOf(g: Builder, { name, tensor }: Value, { scale, zeroPoint }: ActivationScale): Value {
  const codes = Uint8Array.from(tensor!.data as Float32Array, (x) =>
    Math.min(255, Math.max(0, roundHalfEven(x / scale) + zeroPoint)),
  );
  return g.constant(makeTensor('uint8', tensor!.shape, codes), `${name}.quantized`);
}

/** A layer and what becomes of its parameters. */
export interface RoundedLayer {
  readonly node: Node;
  readonly weights: QuantizedWeights;
  /** The axis of the weight that counts output channels. */
  readonly axis: number;
  /** Whether a bias can be added to it. */
  readonly takesBias: boolean;
  /** Of its input; null where that stays float. */
  readonly input: ActivationScale | null;
}

/** int8 weights and the DequantizeLinear behind them. */
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

/** int32 biases of the scale that sums of products have; null where there are none. */
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
