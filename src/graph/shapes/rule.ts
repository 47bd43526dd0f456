import type { DataType, Tensor } from '../../numeric/tensor.ts';
import type { Dim, Node, Shape, Value } from '../graph.ts';
import type { AttributesOf, InputsOf, OperatorName } from '../operators/index.ts';

/** A node of any operator, for shape rules. */
export interface Call {
  readonly node: Node;
  /** The opset version of the operator's domain. */
  readonly opset: number;
  /** The elements of a numeric input of rank 0 or 1, which may be symbols or unknown; null if none is known. */
  contents(input: Value | null): readonly Dim[] | null;
  /** The same for a numeric input of any rank, in row-major order. */
  elements(input: Value | null): readonly Dim[] | null;
}

/** A node whose operator has an input x. */
export interface CallOnX extends Call {
  readonly inputs: { readonly x: Value };
}

/** A node of a given operator, for its shape rule. */
export interface ShapeCall<Op extends OperatorName> extends Call {
  readonly inputs: InputsOf<Op>;
  readonly attributes: AttributesOf<Op>;
}

/** The inferred type of an output. */
export interface Inferred {
  readonly dtype: DataType | null;
  readonly shape: Shape | null;
  /** The elements of a numeric tensor in row-major order, if known. */
  readonly contents?: readonly Dim[] | null;
  /** The whole tensor, if the node contains it. */
  readonly tensor?: Tensor | undefined;
}

/** Infers the types of all outputs from the inputs. Throws `shape` if the inputs do not fit together. */
export type ShapeRule<Op extends OperatorName> = (call: ShapeCall<Op>) => readonly Inferred[];

/** A table with one rule for each of these operators. */
export type ShapeRules<Op extends OperatorName> = { readonly [O in Op]: ShapeRule<O> };

/** Maximum number of elements that are tracked; longer tensors are no shapes. */
export const LONGEST_CONTENTS = 1024;
