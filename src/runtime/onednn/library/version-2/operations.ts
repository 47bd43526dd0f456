import type { Operation } from '../api.ts';
import { native, poolingArguments, windowArguments } from '../arguments.ts';
import {
  binaryAlgorithms,
  DIRECT_CONVOLUTION,
  poolingAlgorithms,
  propagation,
  RELU_FROM_DESTINATION,
} from '../numbers.ts';
import { elementwiseAlgorithms, normalizationFlags } from './constants.ts';
import type { Version2Functions } from './functions.ts';

type DescribedKind = Exclude<Operation['kind'], 'reorder'>;
type Row<Kind extends DescribedKind> = (
  dnnl: Version2Functions,
  target: Uint8Array,
  operation: Extract<Operation, { kind: Kind }>,
) => number;

const TRAINING = propagation.forwardTraining;
const NONE = null;

/** How each operation fills its descriptor; returns oneDNN's status. */
const rows: { readonly [Kind in DescribedKind]: Row<Kind> } = {
  convolution: (dnnl, target, { src, weights, bias, dst, ...window }) =>
    dnnl.convolutionForward(
      target,
      TRAINING,
      DIRECT_CONVOLUTION,
      native(src),
      native(weights),
      bias ? native(bias) : NONE,
      native(dst),
      ...windowArguments(window),
    ),
  convolutionBackwardData: (dnnl, target, { diffSrc, weights, diffDst, ...window }) =>
    dnnl.convolutionBackwardData(
      target,
      DIRECT_CONVOLUTION,
      native(diffSrc),
      native(weights),
      native(diffDst),
      ...windowArguments(window),
    ),
  convolutionBackwardWeights: (dnnl, target, { src, diffWeights, diffDst, ...window }) =>
    dnnl.convolutionBackwardWeights(
      target,
      DIRECT_CONVOLUTION,
      native(src),
      native(diffWeights),
      NONE,
      native(diffDst),
      ...windowArguments(window),
    ),
  batchNormalization: (dnnl, target, { data, epsilon, relu }) =>
    dnnl.normalizationForward(target, TRAINING, native(data), epsilon, flags(relu)),
  batchNormalizationBackward: (dnnl, target, { data, diff, epsilon, relu }) =>
    dnnl.normalizationBackward(
      target,
      propagation.backward,
      native(diff),
      native(data),
      epsilon,
      flags(relu),
    ),
  elementwise: (dnnl, target, { algorithm, data, alpha = 0, beta = 0 }) =>
    dnnl.elementwiseForward(target, TRAINING, elementwiseAlgorithms[algorithm], native(data), alpha, beta),
  reluBackward: (dnnl, target, { data }) =>
    dnnl.elementwiseBackward(target, RELU_FROM_DESTINATION, native(data), native(data), 0, 0),
  pooling: (dnnl, target, { algorithm, src, dst, kernel, ...window }) =>
    dnnl.poolingForward(
      target,
      TRAINING,
      poolingAlgorithms[algorithm],
      native(src),
      native(dst),
      ...poolingArguments(kernel, window),
    ),
  poolingBackward: (dnnl, target, { algorithm, diffSrc, diffDst, kernel, ...window }) =>
    dnnl.poolingBackward(
      target,
      poolingAlgorithms[algorithm],
      native(diffSrc),
      native(diffDst),
      ...poolingArguments(kernel, window),
    ),
  binary: (dnnl, target, { algorithm, left, right, dst }) =>
    dnnl.binary(target, binaryAlgorithms[algorithm], native(left), native(right), native(dst)),
  matmul: (dnnl, target, { src, weights, bias, dst }) =>
    dnnl.matmul(target, native(src), native(weights), bias ? native(bias) : NONE, native(dst)),
};

/** Writes the descriptor of an operation; returns oneDNN's status. */
export function fillOperation(
  dnnl: Version2Functions,
  target: Uint8Array,
  operation: Extract<Operation, { kind: DescribedKind }>,
): number {
  const row = rows[operation.kind] as Row<typeof operation.kind>;
  return row(dnnl, target, operation as never);
}

const flags = (relu: boolean): number =>
  normalizationFlags.useScale | normalizationFlags.useShift | (relu ? normalizationFlags.fuseRelu : 0);
