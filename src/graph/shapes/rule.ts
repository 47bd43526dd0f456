import type { DataType, Tensor } from '../../numeric/tensor.ts';
import type { Dim, Node, Shape, Value } from '../graph.ts';
import type { AttributesOf, InputsOf, OperatorName } from '../operators/index.ts';

/** A node of any operator, as shape rules read it. */
export interface Call {
  readonly node: Node;
  /** The version of the operator's domain. */
  readonly opset: number;
  /** The elements of a numeric input of rank 0 or 1 where they are known, symbols and unknowns included; else null. */
  contents(input: Value | null): readonly Dim[] | null;
  /** The same of a numeric input of any rank, in row-major order. */
  elements(input: Value | null): readonly Dim[] | null;
}

/** A node whose operator has an input x. */
export interface CallOnX extends Call {
  readonly inputs: { readonly x: Value };
}

/** A node as its operator's shape rule reads it. */
export interface ShapeCall<Op extends OperatorName> extends Call {
  readonly inputs: InputsOf<Op>;
  readonly attributes: AttributesOf<Op>;
}

/** What a rule infers of an output. */
export interface Inferred {
  readonly dtype: DataType | null;
  readonly shape: Shape | null;
  /** The elements of a numeric tensor in row-major order, where known. */
  readonly contents?: readonly Dim[] | null;
  /** The whole tensor, where the node itself states it. */
  readonly tensor?: Tensor | undefined;
}

/** Types of all outputs from those of the inputs; throws an EspalierError('shape') where they do not fit together. */
export type ShapeRule<Op extends OperatorName> = (call: ShapeCall<Op>) => readonly Inferred[];

/** A table of rules: one row for each of these operators. */
export type ShapeRules<Op extends OperatorName> = { readonly [O in Op]: ShapeRule<O> };

/** Longer tensors are no shapes: their elements are not followed. */
export const LONGEST_CONTENTS = 1024;
