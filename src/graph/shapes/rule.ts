import type { DataType } from '../../numeric/tensor.ts';
import type { Dim, Node, Shape, Value } from '../graph.ts';
import type { AttributesOf, OperatorName } from '../operators/index.ts';

/** What a shape rule sees of a node. */
export interface ShapeCall<Op extends OperatorName> {
  readonly node: Node;
  readonly attributes: AttributesOf<Op>;
  readonly inputs: readonly (Value | null)[];
  /** The version of the operator's domain. */
  readonly opset: number;
  /** The elements of an integer input of rank 0 or 1 where they are known, symbols and unknowns included; else null. */
  contents(index: number): readonly Dim[] | null;
}

/** What a rule infers of an output. `contents`: the elements of an integer tensor of rank 0 or 1, where known. */
export interface Inferred {
  readonly dtype: DataType | null;
  readonly shape: Shape | null;
  readonly contents?: readonly Dim[] | null;
}

/** Types of all outputs from those of the inputs; throws an EspalierError('shape') where they do not fit together. */
export type ShapeRule<Op extends OperatorName> = (call: ShapeCall<Op>) => readonly Inferred[];
