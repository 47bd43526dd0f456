import { native } from '../arguments.ts';
import { propagation, resultAlgorithms } from '../numbers.ts';
import { type ArgumentRows, type DescribedKind, normalizationFlagsOf, sharedRows } from '../operations.ts';
import { elementwiseAlgorithms, normalizationFlags } from './constants.ts';

const TRAINING = propagation.forwardTraining;

/** The arguments of each operation's function, after the descriptor that it fills. */
export const rows: ArgumentRows<DescribedKind> = {
  ...sharedRows,
  batchNormalization: ({ data, epsilon, relu }) => [
    TRAINING,
    native(data),
    epsilon,
    normalizationFlagsOf(normalizationFlags, relu),
  ],
  batchNormalizationBackward: ({ data, diff, epsilon, relu }) => [
    propagation.backward,
    native(diff),
    native(data),
    epsilon,
    normalizationFlagsOf(normalizationFlags, relu),
  ],
  softmax: ({ data, axis }) => [TRAINING, native(data), axis],
  softmaxBackward: ({ data, axis }) => [native(data), native(data), axis],
  elementwise: ({ algorithm, data, alpha = 0, beta = 0 }) => [
    TRAINING,
    elementwiseAlgorithms[algorithm],
    native(data),
    alpha,
    beta,
  ],
  elementwiseBackward: ({ algorithm, data, alpha = 0, beta = 0 }) => [
    elementwiseAlgorithms[algorithm],
    native(data),
    native(data),
    alpha,
    beta,
  ],
  resultBackward: ({ algorithm, data, alpha = 0, beta = 0 }) => [
    resultAlgorithms[algorithm],
    native(data),
    native(data),
    alpha,
    beta,
  ],
};
