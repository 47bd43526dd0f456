import { EspalierError } from '../errors.ts';
import { asFloat, asFloat32, largestOf } from '../numeric/float-conversion.ts';
import { floats } from '../numeric/tensor.ts';
import type { WeightType } from './defaults.ts';

/** Encodes weights for storage, little-endian. Throws `unsupported` if one exceeds the range of float16. */
export function encodeWeights(weights: Float32Array, type: WeightType): Uint8Array {
  const { buffer, byteOffset, byteLength } = type === 'float32' ? weights : halves(weights);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The weights that kernels compute with after storage in the given type. */
export const roundWeights = (weights: Float32Array, type: WeightType): Float32Array =>
  type === 'float32'
    ? weights
    : asFloat32({ dtype: type, shape: [weights.length], data: halves(weights) }).data;

function halves(weights: Float32Array): Uint16Array {
  const largest = largestOf('float16');
  const beyond = weights.find((weight) => Math.abs(weight) > largest && Number.isFinite(weight));
  if (beyond !== undefined) {
    const message = `a weight of ${beyond.toPrecision(3)} is beyond the range of float16: expected \`weights\` float32`;
    throw new EspalierError('unsupported', message);
  }
  return asFloat(floats([weights.length], weights), 'float16').data as Uint16Array;
}
