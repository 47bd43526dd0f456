import type { Window } from '../../../graph/window.ts';

/** The layout of a float32 tensor: oneDNN's memory descriptor. */
export interface Descriptor {
  readonly dims: readonly number[];
  /** Size of a buffer for it, including padding. */
  readonly bytes: number;
  /** The native descriptor. */
  readonly native: unknown;
}

/** `any` lets the primitive choose; channelBlock is nChw16c or nChw8c, blocks of channels with the channel innermost. */
export type Format = 'any' | { readonly strides: readonly number[] } | { readonly channelBlock: 8 | 16 };

/** Comparisons return 1 or 0. */
export type BinaryAlgorithm = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'min' | 'greater' | 'less';
export type ElementwiseAlgorithm =
  | 'relu'
  | 'tanh'
  | 'logistic'
  | 'exp'
  | 'log'
  | 'abs'
  | 'sqrt'
  | 'linear'
  | 'clip'
  | 'hardswish'
  | 'swish'
  | 'mish'
  | 'softplus'
  | 'gelu'
  | 'geluByTanh'
  | 'power';
/** Functions whose gradient can be computed from their result. */
export type ResultAlgorithm = Extract<ElementwiseAlgorithm, 'relu' | 'clip' | 'tanh' | 'logistic'>;
export type PoolingAlgorithm = 'max' | 'averageWithPads' | 'average';
/** Between the centres of elements. */
export type ResamplingAlgorithm = 'nearest' | 'linear';
export type SoftmaxAlgorithm = 'softmax' | 'logSoftmax';

/** An operation on each element of the result, in order, before it is stored. */
export type PostOperation =
  | { readonly kind: 'sum'; readonly scale: number }
  | {
      readonly kind: 'elementwise';
      readonly algorithm: ElementwiseAlgorithm;
      readonly alpha?: number;
      readonly beta?: number;
    }
  | { readonly kind: 'binary'; readonly algorithm: BinaryAlgorithm; readonly operand: Descriptor };

/** The computation of a primitive, in the terms of oneDNN's documentation. */
export type Operation =
  | ({
      readonly kind: 'convolution';
      readonly src: Descriptor;
      readonly weights: Descriptor;
      readonly bias?: Descriptor;
      readonly dst: Descriptor;
    } & Window)
  | ({
      readonly kind: 'convolutionBackwardData';
      readonly diffSrc: Descriptor;
      readonly weights: Descriptor;
      readonly diffDst: Descriptor;
      readonly hint: Primitive;
    } & Window)
  | ({
      readonly kind: 'convolutionBackwardWeights';
      readonly src: Descriptor;
      readonly diffWeights: Descriptor;
      readonly diffBias?: Descriptor;
      readonly diffDst: Descriptor;
      readonly hint: Primitive;
    } & Window)
  | {
      readonly kind: 'batchNormalization';
      readonly data: Descriptor;
      readonly epsilon: number;
      readonly relu: boolean;
    }
  | {
      readonly kind: 'batchNormalizationBackward';
      readonly data: Descriptor;
      readonly diff: Descriptor;
      readonly epsilon: number;
      readonly relu: boolean;
      readonly hint: Primitive;
    }
  | {
      readonly kind: 'elementwise';
      readonly algorithm: ElementwiseAlgorithm;
      readonly data: Descriptor;
      readonly alpha?: number;
      readonly beta?: number;
    }
  | {
      readonly kind: 'elementwiseBackward';
      readonly algorithm: ElementwiseAlgorithm;
      readonly data: Descriptor;
      readonly alpha?: number;
      readonly beta?: number;
      readonly hint: Primitive;
    }
  | {
      /** Computed from the result instead of the input. */
      readonly kind: 'resultBackward';
      readonly algorithm: ResultAlgorithm;
      readonly data: Descriptor;
      readonly alpha?: number;
      readonly beta?: number;
      readonly hint: Primitive;
    }
  | {
      readonly kind: 'resampling';
      readonly algorithm: ResamplingAlgorithm;
      readonly src: Descriptor;
      readonly dst: Descriptor;
    }
  | {
      readonly kind: 'resamplingBackward';
      readonly algorithm: ResamplingAlgorithm;
      readonly diffSrc: Descriptor;
      readonly diffDst: Descriptor;
      readonly hint: Primitive;
    }
  | {
      readonly kind: 'softmax';
      readonly algorithm: SoftmaxAlgorithm;
      readonly data: Descriptor;
      readonly axis: number;
    }
  | {
      readonly kind: 'softmaxBackward';
      readonly algorithm: SoftmaxAlgorithm;
      readonly data: Descriptor;
      readonly axis: number;
      readonly hint: Primitive;
    }
  | ({
      readonly kind: 'pooling';
      readonly algorithm: PoolingAlgorithm;
      readonly src: Descriptor;
      readonly dst: Descriptor;
      readonly kernel: readonly number[];
    } & Window)
  | ({
      readonly kind: 'poolingBackward';
      readonly algorithm: PoolingAlgorithm;
      readonly diffSrc: Descriptor;
      readonly diffDst: Descriptor;
      readonly kernel: readonly number[];
      readonly hint: Primitive;
    } & Window)
  | {
      readonly kind: 'binary';
      readonly algorithm: BinaryAlgorithm;
      readonly left: Descriptor;
      readonly right: Descriptor;
      readonly dst: Descriptor;
    }
  | {
      readonly kind: 'matmul';
      readonly src: Descriptor;
      readonly weights: Descriptor;
      readonly bias?: Descriptor;
      readonly dst: Descriptor;
    }
  | { readonly kind: 'reorder'; readonly src: Descriptor; readonly dst: Descriptor };

/** The tensors of a primitive, by role. */
export type Role =
  | 'src'
  | 'src1'
  | 'dst'
  | 'weights'
  | 'bias'
  | 'mean'
  | 'variance'
  | 'scale'
  | 'shift'
  | 'workspace'
  | 'diffSrc'
  | 'diffDst'
  | 'diffWeights'
  | 'diffBias'
  | 'diffScale'
  | 'diffShift'
  /** The operand of the n-th post-operation. */
  | `post${number}`;

export type QueriedRole = Extract<
  Role,
  'src' | 'dst' | 'weights' | 'workspace' | 'diffSrc' | 'diffDst' | 'diffWeights'
>;

/** A compiled kernel. */
export interface Primitive {
  readonly kind: Operation['kind'];
  /** oneDNN's name of the chosen kernel, such as jit:avx512_core. */
  readonly implementation: string;
  readonly native: { readonly descriptor: bigint; readonly primitive: bigint };
  /** The layout that the primitive chose for a tensor; null if it has no such tensor. */
  layout(role: QueriedRole): Descriptor | null;
}

/** oneDNN of any version. Failing calls throw `runtime` with the primitive, its shapes and the status. */
export interface Dnnl {
  readonly version: string;
  describe(dims: readonly number[], format: Format): Descriptor;
  equal(a: Descriptor, b: Descriptor): boolean;
  /** The part of a tensor that begins at `offsets`; null where it does not begin and end between blocks. */
  part(whole: Descriptor, dims: readonly number[], offsets: readonly number[]): Descriptor | null;
  /** Creates a primitive; null if oneDNN has no kernel for it. */
  create(operation: Operation, postOperations?: readonly PostOperation[]): Primitive | null;
  /** Binds a primitive to memory, once; the returned function runs it. Addresses must remain valid. */
  bind(primitive: Primitive, operands: readonly Bound[]): () => void;
  /** Sets the number of threads for subsequent runs. */
  useThreads(count: number): void;
  /** Frees everything that was created and bound. */
  close(): void;
}

export interface Bound {
  readonly role: Role;
  readonly descriptor: Descriptor;
  readonly address: bigint;
}
