import type { ElementwiseAlgorithm, Operation } from '../api.ts';
import { native } from '../arguments.ts';
import { propagation, resultAlgorithms } from '../numbers.ts';
import {
  type ArgumentRows,
  argumentsFor,
  type DescribedKind,
  normalizationFlagsOf,
  sharedRows,
} from '../operations.ts';
import { elementwiseAlgorithms, normalizationFlags, softmaxAlgorithms } from './constants.ts';

const TRAINING = propagation.forwardTraining;

/** The arguments of each operation's function, between the engine and the hint. */
const rows: ArgumentRows<DescribedKind> = {
  ...sharedRows,
  batchNormalization: ({ data, epsilon, relu }) => [
    TRAINING,
    native(data),
    native(data),
    epsilon,
    normalizationFlagsOf(normalizationFlags, relu),
  ],
  batchNormalizationBackward: ({ data, diff, epsilon, relu }) => [
    propagation.backward,
    native(diff),
    native(diff),
    native(data),
    epsilon,
    normalizationFlagsOf(normalizationFlags, relu),
  ],
  softmax: ({ algorithm, data, axis }) => [
    TRAINING,
    softmaxAlgorithms[algorithm],
    native(data),
    native(data),
    axis,
  ],
  softmaxBackward: ({ algorithm, data, axis }) => [
    softmaxAlgorithms[algorithm],
    native(data),
    native(data),
    native(data),
    axis,
  ],
  elementwise: ({ algorithm, data, ...given }) => {
    const { alpha, beta } = coefficients(algorithm, given);
    return [TRAINING, elementwiseAlgorithms[algorithm], native(data), native(data), alpha, beta];
  },
  elementwiseBackward: ({ algorithm, data, ...given }) => {
    const { alpha, beta } = coefficients(algorithm, given);
    return [elementwiseAlgorithms[algorithm], native(data), native(data), native(data), alpha, beta];
  },
  resultBackward: ({ algorithm, data, alpha = 0, beta = 0 }) => [
    resultAlgorithms[algorithm],
    native(data),
    native(data),
    native(data),
    alpha,
    beta,
  ],
};

/** The arguments of an operation's function between the engine and the attributes. */
export function argumentsOf(operation: Extract<Operation, { kind: DescribedKind }>): readonly unknown[] {
  const hint = 'hint' in operation ? [operation.hint.native.descriptor] : [];
  return [...argumentsFor(rows, operation.kind, operation), ...hint];
}

/**
 * α and β of x ↦ f(x; α, β), 0 by default. Version 3 needs slope and offset of hardswish and the steepness of softplus, which are
 * built into version 2.
 */
export function coefficients(
  algorithm: ElementwiseAlgorithm,
  given: { readonly alpha?: number; readonly beta?: number },
): { readonly alpha: number; readonly beta: number } {
  if (algorithm === 'hardswish') return { alpha: 1 / 6, beta: 1 / 2 };
  if (algorithm === 'softplus') return { alpha: 1, beta: 0 };
  return { alpha: given.alpha ?? 0, beta: given.beta ?? 0 };
}
