import { assert, EspalierError } from '../errors.ts';
import { type Node, nodeLabel, staticShape, type Value } from '../graph/graph.ts';
import type { AttributesOf, OperatorName } from '../graph/operators/index.ts';
import { toNumbers } from '../numeric/tensor.ts';

/** A value that an optional operand leaves out. */
export type Operand = Value | null | undefined;

/** What a rule sees of a node y = op(x): a missing optional input or output is null. */
export interface OperatorCall<Op extends OperatorName> {
  readonly node: Node;
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Operand[];
  readonly attributes: AttributesOf<Op>;
}

/** The error of a node that cannot be differentiated. */
export const refusal = (node: Node, reason: string): EspalierError =>
  new EspalierError('unsupported', reason, { where: nodeLabel(node) });

/** The shape of a value that is there; throws unless it is fixed. */
export function dims(value: Operand): readonly number[] {
  assert(value, 'a shape was asked of a missing value');
  return staticShape(value);
}

/** The elements of an input that must be fixed; throws naming the node. */
export function fixedNumbers({ node, inputs }: OperatorCall<OperatorName>, index: number): number[] {
  const tensor = inputs[index]?.tensor;
  if (!tensor) throw refusal(node, `has a gradient only if input ${index} is constant`);
  return toNumbers(tensor);
}

/** 0 … rank − 1. */
export const allAxes = (value: Operand): number[] => dims(value).map((_, axis) => axis);

/** All axes but one. */
export const allBut = (axis: number, value: Operand): number[] =>
  allAxes(value).filter((other) => other !== axis);
