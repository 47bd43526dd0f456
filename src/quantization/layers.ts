import type { Node, Value } from '../graph/graph.ts';
import type { LayerError } from './layer-errors.ts';
import type { Int8Plan } from './plan.ts';
import type { RoundedLayer } from './quantized-values.ts';
import { type ActivationScale, quantizeWeights } from './scales.ts';

export interface RoundingOptions {
  readonly bits: 7 | 8;
  readonly perChannel: boolean;
}

/** Rounds the weights and biases of a plan's layers. */
export function roundLayers(
  { rows }: Int8Plan,
  scales: ReadonlyMap<Value, ActivationScale>,
  options: RoundingOptions,
): RoundedLayer[] {
  return [...rows].flatMap(([node, row]) => {
    if (!row.axis) return [];
    const input = row.kind === 'weights' ? scales.get(node.inputs[0]!)! : null;
    const layer = { node, axis: row.axis(node), input, takesBias: row.takesBias === true };
    return [{ ...layer, weights: weightsOf(layer, biasOf(node), options) }];
  });
}

/**
 * Subtracts the mean error of each channel by changing the bias (Nagel et al., Data-Free Quantization Through Weight
 * Equalization and Bias Correction, ICCV 2019, §4.2); the expectation is over calibration images.
 */
export function correctBias(
  layer: RoundedLayer,
  { shift }: LayerError,
  options: RoundingOptions,
): RoundedLayer {
  const bias = biasOf(layer.node);
  const corrected = shift.map((error, channel) => error + (bias?.[channel] ?? 0));
  return { ...layer, weights: weightsOf(layer, corrected, options) };
}

const biasOf = ({ inputs }: Node): Float32Array | null =>
  (inputs[2]?.tensor?.data as Float32Array | undefined) ?? null;

function weightsOf(
  { node, axis, input }: Omit<RoundedLayer, 'weights'>,
  bias: Float32Array | null,
  { bits, perChannel }: RoundingOptions,
): RoundedLayer['weights'] {
  return quantizeWeights(node.inputs[1]!.tensor!, {
    axis: perChannel ? axis : null,
    bits,
    bias: input && bias,
    inputScale: input?.scale ?? 1,
  });
}
