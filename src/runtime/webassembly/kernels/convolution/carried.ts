import { isOperator } from '../../../../graph/operators/index.ts';
import type { FusedNode, Fusion } from '../../fusions.ts';
import type { ConvolutionShape } from './read.ts';

/**
 * Pass-through filters, with the input channel that each copies: their only non-zero weight is 1, at the position over the
 * output pixel. Residual removal makes such Dirac filters.
 */
export function carriedChannels(conv: ConvolutionShape): Map<number, number> {
  const { weights, bias, filters, channels, kernel, strides, dilations, pads, group } = conv;
  const carried = new Map<number, number>();
  const positions = kernel[0] * kernel[1];
  const [row, column] = [pads[0] / dilations[0], pads[1] / dilations[1]];
  const own = row * kernel[1] + column;
  const isSame =
    strides.every((stride) => stride === 1) &&
    pads[0] + pads[2] === (kernel[0] - 1) * dilations[0] &&
    pads[1] + pads[3] === (kernel[1] - 1) * dilations[1];
  if (!isSame || !Number.isInteger(own)) return carried;
  const length = channels * positions;
  for (let m = 0; m < filters; m++) {
    const place = onlyWeight(weights.subarray(m * length, (m + 1) * length));
    if (place === null || place % positions !== own || (bias?.[m] ?? 0) !== 0) continue;
    carried.set(m, Math.floor(m / (filters / group)) * channels + Math.floor(place / positions));
  }
  return carried;
}

/** The index of the only non-zero weight, if that weight is 1. */
function onlyWeight(weights: Float32Array): number | null {
  let place: number | null = null;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    if (place !== null || weights[i] !== 1) return null;
    place = i;
  }
  return place;
}

/** Whether a fusion leaves a copied input channel unchanged. */
export function leavesChannel(
  { residual, epilogue }: Fusion,
  channel: number,
  isNonNegative: boolean,
): boolean {
  return residual === null && epilogue.every((fused) => leaves(fused, channel, isNonNegative));
}

const LARGEST = 3.4e38;

function leaves({ node, operands }: FusedNode, channel: number, isNonNegative: boolean): boolean {
  const numbers = operands.slice(1).map((operand) => {
    if (operand?.kind === 'scalar') return operand.number;
    return operand?.kind === 'channel' ? (operand.data[channel] ?? null) : null;
  });
  const [number = null] = numbers;
  if (operands[0]?.kind !== 'value') return false;
  if (isOperator(node, 'Relu')) return isNonNegative;
  if (isOperator(node, 'Max'))
    return number !== null && (number <= -LARGEST || (isNonNegative && number <= 0));
  if (isOperator(node, 'Min')) return number !== null && number >= LARGEST;
  if (isOperator(node, 'PRelu')) return isNonNegative || number === 1;
  return isOperator(node, 'LeakyRelu') && isNonNegative;
}
