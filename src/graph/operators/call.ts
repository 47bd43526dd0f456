import type { Node } from '../graph.ts';
import {
  type AttributesOf,
  attributesOf,
  type InputsOf,
  inputsOf,
  type OperatorName,
  type OutputsOf,
  outputsOf,
} from './index.ts';

/** A node as its operator's rules read it. */
export interface OperatorCall<Op extends OperatorName> {
  readonly node: Node;
  readonly inputs: InputsOf<Op>;
  readonly outputs: OutputsOf<Op>;
  readonly attributes: AttributesOf<Op>;
}

/** Throws where an input or output that the operator requires is missing, or an attribute is of another kind. */
export const callOf = <Op extends OperatorName>(node: Node, op: Op): OperatorCall<Op> => ({
  node,
  inputs: inputsOf(node, op),
  outputs: outputsOf(node, op),
  attributes: attributesOf(node, op),
});
