import type { Window } from '../../../graph/window.ts';

/** How the elements of a tensor lie in memory: oneDNN's memory descriptor, float32. */
export interface Descriptor {
  readonly dims: readonly number[];
  /** What a buffer must hold, padding included. */
  readonly bytes: number;
  /** The library's own form. */
  readonly native: unknown;
}

/** `any` lets a primitive choose; channelBlock is nChw16c or nChw8c: channels in blocks, innermost. */
export type Format = 'any' | { readonly strides: readonly number[] } | { readonly channelBlock: 8 | 16 };

/** Comparisons give 1 or 0. */
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
  | 'hardswish';
/** Those whose gradient is told by their result. */
export type BackwardAlgorithm = Extract<ElementwiseAlgorithm, 'relu' | 'clip'>;
export type PoolingAlgorithm = 'max' | 'averageWithPads' | 'average';

/** Applied to each element of the result, in order, before it is stored. */
export type PostOperation =
  | { readonly kind: 'sum'; readonly scale: number }
  | {
      readonly kind: 'elementwise';
      readonly algorithm: ElementwiseAlgorithm;
      readonly alpha?: number;
      readonly beta?: number;
    }
  | { readonly kind: 'binary'; readonly algorithm: BinaryAlgorithm; readonly operand: Descriptor };

/** What a primitive computes, in the terms of oneDNN's documentation. */
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
      readonly algorithm: BackwardAlgorithm;
      readonly data: Descriptor;
      readonly alpha?: number;
      readonly beta?: number;
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
  /** The layout that the primitive works with; null where it has no such tensor. */
  layout(role: QueriedRole): Descriptor | null;
}

/** oneDNN, whatever its version. Every call throws EspalierError('runtime') with primitive, shapes and status. */
export interface Dnnl {
  readonly version: string;
  describe(dims: readonly number[], format: Format): Descriptor;
  equal(a: Descriptor, b: Descriptor): boolean;
  /** null where oneDNN has no kernel for it. */
  create(operation: Operation, postOperations?: readonly PostOperation[]): Primitive | null;
  /** Binds a primitive to memory, once; the result runs it. Addresses must stay valid. */
  bind(primitive: Primitive, operands: readonly Bound[]): () => void;
  /** Sets the number of threads of what runs next. */
  useThreads(count: number): void;
  /** Frees what was created and bound. */
  close(): void;
}

export interface Bound {
  readonly role: Role;
  readonly descriptor: Descriptor;
  readonly address: bigint;
}
