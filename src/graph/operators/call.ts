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

/** A node as read by the rules of its operator. */
export interface OperatorCall<Op extends OperatorName> {
  readonly node: Node;
  readonly inputs: InputsOf<Op>;
  readonly outputs: OutputsOf<Op>;
  readonly attributes: AttributesOf<Op>;
}

/** Reads a node. Throws if a required input or output is missing, or if an attribute has the wrong kind. */
export const callOf = <Op extends OperatorName>(node: Node, op: Op): OperatorCall<Op> => ({
  node,
  inputs: inputsOf(node, op),
  outputs: outputsOf(node, op),
  attributes: attributesOf(node, op),
});
