import type { DataType, Tensor } from '../../numeric/tensor.ts';
import { uniqueNames } from '../builder.ts';
import {
  type Graph,
  makeConstant,
  makeValue,
  type Node,
  nodeName,
  onlyOutput,
  type Shape,
  type Value,
} from '../graph.ts';
import { type GivenAttributesOf, makeAttributes, type StandardOperatorName } from '../operators/index.ts';
import type { Connections } from '../topology.ts';
import {
  linkNode,
  linksOf,
  redirectUses,
  setInput,
  setInputs,
  setOutput,
  unlinkNode,
  unlinkUnread,
} from './links.ts';
import { nodeOrderOf } from './node-order.ts';

/** An operator with its inputs and attributes. */
export interface OperatorUse<Op extends StandardOperatorName> {
  readonly op: Op;
  readonly inputs: readonly (Value | null)[];
  readonly attributes?: GivenAttributesOf<Op>;
}

/** A node to insert. */
export interface NewNode<Op extends StandardOperatorName> extends OperatorUse<Op> {
  /** The wanted name, which is made unique. */
  readonly name: string;
  /** Default: one new value with the node's name. */
  readonly outputs?: readonly Value[];
}

/** Changes a graph in place. Links are updated with each change, the list of nodes in `apply`. */
export interface Edits extends Connections {
  readonly graph: Graph;
  /** The wanted name, with a suffix if it is in use. */
  unique(wanted: string): string;
  /** Adds an initializer; its name is made unique. */
  constant(tensor: Tensor, name: string): Value;
  /** Adds a value for the output of a node; its name is made unique. */
  value(name: string, dtype?: DataType | null, shape?: Shape | null): Value;
  setInput(node: Node, index: number, value: Value | null): void;
  setInputs(node: Node, inputs: readonly (Value | null)[]): void;
  setOutput(node: Node, index: number, value: Value): void;
  /** Replaces a node's input by a new constant. */
  setConstant(node: Node, index: number, tensor: Tensor): void;
  /** Replaces `from` by `to` for all readers, including graph outputs and subgraphs. */
  replaceUses(from: Value, to: Value): void;
  /** Changes the operator of a node; its name and outputs are kept. */
  become<Op extends StandardOperatorName>(node: Node, use: OperatorUse<Op>): void;
  /** Inserts a node before another; returns its first output. */
  insertBefore<Op extends StandardOperatorName>(anchor: Node, wanted: NewNode<Op>): Value;
  /** Inserts a node after another; returns its first output. */
  insertAfter<Op extends StandardOperatorName>(anchor: Node, wanted: NewNode<Op>): Value;
  /** Moves a node before another. */
  moveBefore(anchor: Node, node: Node): void;
  remove(node: Node): void;
  /** Removes nodes that have lost all readers through edits. */
  removeUnread(): void;
  isRemoved(node: Node): boolean;
  apply(): void;
}

/** Opens a graph for edits. Until `apply`, its nodes must not be changed in any other way. */
export function openEdits(graph: Graph): Edits {
  const unique = uniqueNames(graph);
  const links = linksOf(graph);
  const order = nodeOrderOf(graph);
  const made = ({ name, ...wanted }: NewNode<StandardOperatorName>): Node => {
    const node = nodeOf({ ...wanted, name: unique(name) });
    linkNode(links, node);
    return node;
  };
  const constant = (tensor: Tensor, name: string): Value => {
    const value = makeConstant(unique(name), tensor);
    graph.initializers.push(value);
    return value;
  };
  return {
    ...{ graph, unique, constant, producer: links.producer, uses: links.uses },
    value: (name, dtype, shape) => makeValue(unique(name), dtype, shape),
    setInput: (node, index, value) => setInput(links, { node, index }, value),
    setInputs: (node, inputs) => setInputs(links, node, inputs),
    setOutput: (node, index, value) => setOutput(links, { node, index }, value),
    setConstant(node, index, tensor) {
      const name = node.inputs[index]?.name ?? `${nodeName(node)}.input${index}`;
      setInput(links, { node, index }, constant(tensor, name));
    },
    replaceUses: (from, to) => redirectUses(links, from, to),
    become(node, { op, inputs, attributes = {} }) {
      setInputs(links, node, inputs);
      Object.assign(node, { op, domain: '', attributes: makeAttributes(op, attributes) });
    },
    insertBefore(anchor, wanted) {
      const node = made(wanted as NewNode<StandardOperatorName>);
      order.placeBefore(anchor, node);
      return onlyOutput(node);
    },
    insertAfter(anchor, wanted) {
      const node = made(wanted as NewNode<StandardOperatorName>);
      order.placeAfter(anchor, node);
      return onlyOutput(node);
    },
    moveBefore: order.placeBefore,
    remove(node) {
      unlinkNode(links, node);
      order.remove(node);
    },
    removeUnread() {
      for (const node of unlinkUnread(links)) order.remove(node);
    },
    isRemoved: (node) => !order.has(node),
    apply() {
      graph.nodes = order.all();
    },
  };
}

function nodeOf(wanted: NewNode<StandardOperatorName>): Node {
  const { op, name, inputs, outputs = [makeValue(name)], attributes = {} } = wanted;
  return {
    ...{ op, domain: '', name },
    inputs: [...inputs],
    outputs: [...outputs],
    attributes: makeAttributes(op, attributes),
  };
}
