import { uniqueNames } from '../graph/builder.ts';
import { type Graph, makeConstant, makeValue, type Node, type Value } from '../graph/graph.ts';
import {
  type GivenAttributesOf,
  makeAttributes,
  type StandardOperatorName,
} from '../graph/operators/index.ts';
import type { Tensor } from '../numeric/tensor.ts';

/** A node to be inserted. */
interface NewNode<Op extends StandardOperatorName> {
  readonly op: Op;
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly attributes?: GivenAttributesOf<Op>;
  /** Default: one new value. */
  readonly outputs?: readonly Value[];
}

/** Changes of a graph that take effect together, in place. */
export interface Edits {
  constant(tensor: Tensor, name: string): Value;
  /** A new value between two nodes. */
  value(name: string): Value;
  setInput(node: Node, index: number, tensor: Tensor): void;
  insertBefore<Op extends StandardOperatorName>(anchor: Node, wanted: NewNode<Op>): Value;
  insertAfter<Op extends StandardOperatorName>(anchor: Node, wanted: NewNode<Op>): Value;
  remove(node: Node): void;
  apply(): void;
}

export function openEdits(graph: Graph): Edits {
  const unique = uniqueNames(graph);
  const before = new Map<Node, Node[]>();
  const after = new Map<Node, Node[]>();
  const removed = new Set<Node>();
  const insert = (where: Map<Node, Node[]>, anchor: Node, wanted: NewNode<StandardOperatorName>): Value => {
    const name = unique(wanted.name);
    const outputs = [...(wanted.outputs ?? [makeValue(name)])];
    const attributes = makeAttributes(wanted.op, wanted.attributes ?? {});
    const node: Node = { op: wanted.op, domain: '', name, inputs: [...wanted.inputs], outputs, attributes };
    where.set(anchor, [...(where.get(anchor) ?? []), node]);
    return outputs[0]!;
  };
  const constant = (tensor: Tensor, name: string) => {
    const value = makeConstant(unique(name), tensor);
    graph.initializers.push(value);
    return value;
  };
  return {
    constant,
    value: (name) => makeValue(unique(name)),
    setInput(node, index, tensor) {
      const wanted = node.inputs[index]?.name ?? `${node.name || node.outputs[0]!.name}.input${index}`;
      while (node.inputs.length < index) node.inputs.push(null);
      node.inputs[index] = constant(tensor, wanted);
    },
    insertBefore: (anchor, wanted) => insert(before, anchor, wanted as NewNode<StandardOperatorName>),
    insertAfter: (anchor, wanted) => insert(after, anchor, wanted as NewNode<StandardOperatorName>),
    remove: (node) => void removed.add(node),
    apply() {
      graph.nodes = graph.nodes.flatMap((node) => [
        ...(before.get(node) ?? []),
        ...(removed.has(node) ? [] : [node]),
        ...(after.get(node) ?? []),
      ]);
    },
  };
}
