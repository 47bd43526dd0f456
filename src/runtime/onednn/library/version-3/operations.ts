import type { ElementwiseAlgorithm, Operation } from '../api.ts';
import { native, poolingArguments, windowArguments } from '../arguments.ts';
import {
  binaryAlgorithms,
  DIRECT_CONVOLUTION,
  poolingAlgorithms,
  propagation,
  RELU_FROM_DESTINATION,
} from '../numbers.ts';
import { elementwiseAlgorithms, normalizationFlags } from './constants.ts';

type DescribedKind = Exclude<Operation['kind'], 'reorder'>;
type Row<Kind extends DescribedKind> = (operation: Extract<Operation, { kind: Kind }>) => readonly unknown[];

const TRAINING = propagation.forwardTraining;
const NONE = null;

/** The arguments of each operation's function, between the engine and the hint. */
const rows: { readonly [Kind in DescribedKind]: Row<Kind> } = {
  convolution: ({ src, weights, bias, dst, ...window }) => [
    TRAINING,
    DIRECT_CONVOLUTION,
    native(src),
    native(weights),
    bias ? native(bias) : NONE,
    native(dst),
    ...windowArguments(window),
  ],
  convolutionBackwardData: ({ diffSrc, weights, diffDst, ...window }) => [
    DIRECT_CONVOLUTION,
    native(diffSrc),
    native(weights),
    native(diffDst),
    ...windowArguments(window),
  ],
  convolutionBackwardWeights: ({ src, diffWeights, diffDst, ...window }) => [
    DIRECT_CONVOLUTION,
    native(src),
    native(diffWeights),
    NONE,
    native(diffDst),
    ...windowArguments(window),
  ],
  batchNormalization: ({ data, epsilon, relu }) => [
    TRAINING,
    native(data),
    native(data),
    epsilon,
    flags(relu),
  ],
  batchNormalizationBackward: ({ data, diff, epsilon, relu }) => [
    propagation.backward,
    native(diff),
    native(diff),
    native(data),
    epsilon,
    flags(relu),
  ],
  elementwise: ({ algorithm, data, ...given }) => {
    const { alpha, beta } = coefficients(algorithm, given);
    return [TRAINING, elementwiseAlgorithms[algorithm], native(data), native(data), alpha, beta];
  },
  reluBackward: ({ data }) => [RELU_FROM_DESTINATION, native(data), native(data), native(data), 0, 0],
  pooling: ({ algorithm, src, dst, kernel, ...window }) => [
    TRAINING,
    poolingAlgorithms[algorithm],
    native(src),
    native(dst),
    ...poolingArguments(kernel, window),
  ],
  poolingBackward: ({ algorithm, diffSrc, diffDst, kernel, ...window }) => [
    poolingAlgorithms[algorithm],
    native(diffSrc),
    native(diffDst),
    ...poolingArguments(kernel, window),
  ],
  binary: ({ algorithm, left, right, dst }) => [
    binaryAlgorithms[algorithm],
    native(left),
    native(right),
    native(dst),
  ],
  matmul: ({ src, weights, bias, dst }) => [
    native(src),
    native(weights),
    bias ? native(bias) : NONE,
    native(dst),
  ],
};

/** What an operation's function takes between the engine and the attributes. */
export function argumentsOf(operation: Extract<Operation, { kind: DescribedKind }>): readonly unknown[] {
  const row = rows[operation.kind] as Row<typeof operation.kind>;
  const hint = 'hint' in operation ? [operation.hint.native.descriptor] : [];
  return [...row(operation as never), ...hint];
}

/** x ↦ f(x; α, β), 0 where not given; version 3 wants hardswish's slope and offset, which version 2 knows by itself. */
export function coefficients(
  algorithm: ElementwiseAlgorithm,
  given: { readonly alpha?: number; readonly beta?: number },
): { readonly alpha: number; readonly beta: number } {
  if (algorithm === 'hardswish') return { alpha: 1 / 6, beta: 1 / 2 };
  return { alpha: given.alpha ?? 0, beta: given.beta ?? 0 };
}

const flags = (relu: boolean): number =>
  normalizationFlags.useScale | normalizationFlags.useShift | (relu ? normalizationFlags.fuseRelu : 0);
