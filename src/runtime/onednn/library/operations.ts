import type { Operation } from './api.ts';
import { native, poolingArguments, windowArguments } from './arguments.ts';
import {
  binaryAlgorithms,
  DIRECT_CONVOLUTION,
  poolingAlgorithms,
  propagation,
  resamplingAlgorithms,
} from './numbers.ts';

/** Operations that have a descriptor function of their own. */
export type DescribedKind = Exclude<Operation['kind'], 'reorder'>;
export type OperationOf<Kind extends DescribedKind> = Extract<Operation, { kind: Kind }>;
export type ArgumentRows<Kind extends DescribedKind> = {
  readonly [K in Kind]: (operation: OperationOf<K>) => readonly unknown[];
};

const NONE = null;

/** The arguments of operations, in the order of oneDNN's functions, as far as versions 2 and 3 agree. */
export const sharedRows = {
  convolution: ({ src, weights, bias, dst, ...window }) => [
    propagation.forwardTraining,
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
  convolutionBackwardWeights: ({ src, diffWeights, diffBias, diffDst, ...window }) => [
    DIRECT_CONVOLUTION,
    native(src),
    native(diffWeights),
    diffBias ? native(diffBias) : NONE,
    native(diffDst),
    ...windowArguments(window),
  ],
  pooling: ({ algorithm, src, dst, kernel, ...window }) => [
    propagation.forwardTraining,
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
  resampling: ({ algorithm, src, dst }) => [
    propagation.forwardTraining,
    resamplingAlgorithms[algorithm],
    NONE,
    native(src),
    native(dst),
  ],
  resamplingBackward: ({ algorithm, diffSrc, diffDst }) => [
    resamplingAlgorithms[algorithm],
    NONE,
    native(diffSrc),
    native(diffDst),
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
} satisfies Partial<ArgumentRows<DescribedKind>>;

/** The arguments of an operation, by the table of a version. */
export const argumentsFor = <Kind extends DescribedKind>(
  rows: ArgumentRows<Kind>,
  kind: Kind,
  operation: OperationOf<Kind>,
): readonly unknown[] => rows[kind](operation);

/** Flags of a normalisation: scale and shift always, the fused Relu if requested, with each version's numbers. */
export const normalizationFlagsOf = (
  flags: { readonly useScale: number; readonly useShift: number; readonly fuseRelu: number },
  relu: boolean,
): number => flags.useScale | flags.useShift | (relu ? flags.fuseRelu : 0);
