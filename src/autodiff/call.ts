import { EspalierError } from '../errors.ts';
import { type Node, nodeLabel, staticShape, type Value } from '../graph/graph.ts';
import { toNumbers } from '../numeric/tensor.ts';

/** The value of an operand, which may be optional and missing. */
export type OperandValue = Value | null | undefined;

/** The error for a node that cannot be differentiated. */
export const refusal = (node: Node, reason: string): EspalierError =>
  new EspalierError('unsupported', reason, { where: nodeLabel(node) });

export { staticShape as dims } from '../graph/graph.ts';

/** The elements of an input that must be constant. Throws, naming the node, if it is not. */
export function fixedNumbers<N extends string>(
  { node, inputs }: { readonly node: Node; readonly inputs: { readonly [I in N]: OperandValue } },
  name: N,
): number[] {
  const tensor = inputs[name]?.tensor;
  if (!tensor) throw refusal(node, `has a gradient only if ${name} is constant`);
  return toNumbers(tensor);
}

/** All axes: 0, …, rank − 1. */
export const allAxes = (value: Value): number[] => staticShape(value).map((_, axis) => axis);

/** All axes except one. */
export const allBut = (axis: number, value: Value): number[] =>
  allAxes(value).filter((other) => other !== axis);
