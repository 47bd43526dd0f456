import { EspalierError } from '../errors.ts';
import { type Node, nodeLabel, staticShape, type Value } from '../graph/graph.ts';
import {
  type AttributesOf,
  attributesOf,
  type InputsOf,
  inputsOf,
  type OperatorName,
  type OutputsOf,
  outputsOf,
} from '../graph/operators/index.ts';
import { toNumbers } from '../numeric/tensor.ts';

/** A value that an optional operand leaves out. */
export type Operand = Value | null | undefined;

/** What a rule sees of a node y = op(x). */
export interface OperatorCall<Op extends OperatorName> {
  readonly node: Node;
  readonly inputs: InputsOf<Op>;
  readonly outputs: OutputsOf<Op>;
  readonly attributes: AttributesOf<Op>;
}

/** Throws where an input or output that the operator requires is missing. */
export const callOf = <Op extends OperatorName>(node: Node, op: Op): OperatorCall<Op> => ({
  node,
  inputs: inputsOf(node, op),
  outputs: outputsOf(node, op),
  attributes: attributesOf(node, op),
});

/** The error of a node that cannot be differentiated. */
export const refusal = (node: Node, reason: string): EspalierError =>
  new EspalierError('unsupported', reason, { where: nodeLabel(node) });

/** The shape; throws unless it is fixed. */
export const dims = (value: Value): readonly number[] => staticShape(value);

/** The elements of an input that must be fixed; throws naming the node. */
export function fixedNumbers<N extends string>(
  { node, inputs }: { readonly node: Node; readonly inputs: { readonly [I in N]: Operand } },
  name: N,
): number[] {
  const tensor = inputs[name]?.tensor;
  if (!tensor) throw refusal(node, `has a gradient only if ${name} is constant`);
  return toNumbers(tensor);
}

/** 0 … rank − 1. */
export const allAxes = (value: Value): number[] => dims(value).map((_, axis) => axis);

/** All axes but one. */
export const allBut = (axis: number, value: Value): number[] =>
  allAxes(value).filter((other) => other !== axis);
