import { assert } from '../errors.ts';
import type { Attribute, Graph, Node, Value } from './graph.ts';

/** An independent copy of a graph; tensors are shared. */
export interface GraphCopy {
  readonly graph: Graph;
  /** The copy of a value of the original. */
  readonly copyOfValue: (original: Value) => Value;
  /** The copy of a node of the original. */
  readonly copyOfNode: (original: Node) => Node;
}

/** Copies nodes, values and attributes; tensors are immutable and shared. */
export function copyGraph(graph: Graph): GraphCopy {
  const copies: Copies = { values: new Map(), nodes: new Map() };
  return {
    graph: copyInto(graph, copies),
    copyOfValue: (original) => found(copies.values.get(original), original.name),
    copyOfNode: (original) => found(copies.nodes.get(original), original.name),
  };
}

/** An independent copy of a graph: nodes, values and attributes are copied; tensors are immutable and shared. */
export const cloneGraph = (graph: Graph): Graph => copyGraph(graph).graph;

/** Copies made so far, by original. */
interface Copies {
  readonly values: Map<Value, Value>;
  readonly nodes: Map<Node, Node>;
}

function found<T>(copy: T | undefined, name: string): T {
  assert(copy, `${name} is not of the graph that was copied`);
  return copy;
}

function copyInto(graph: Graph, copies: Copies): Graph {
  const copy = (value: Value): Value => {
    const known = copies.values.get(value);
    if (known) return known;
    const made = { ...value };
    copies.values.set(value, made);
    return made;
  };
  const inputs = graph.inputs.map(copy);
  const initializers = graph.initializers.map(copy);
  const nodes = graph.nodes.map((node): Node => {
    const attributes = Object.entries(node.attributes).map(
      ([name, attribute]) => [name, copyAttribute(attribute, copies)] as const,
    );
    const made = {
      ...node,
      inputs: node.inputs.map((value) => value && copy(value)),
      outputs: node.outputs.map((value) => value && copy(value)),
      attributes: Object.fromEntries(attributes),
    };
    copies.nodes.set(node, made);
    return made;
  });
  const outputs = graph.outputs.map(copy);
  const { opsets, metadata } = graph;
  return { ...graph, inputs, outputs, initializers, nodes, opsets: { ...opsets }, metadata: { ...metadata } };
}

function copyAttribute(attribute: Attribute, copies: Copies): Attribute {
  if (attribute.kind === 'graph') return { kind: 'graph', value: copyInto(attribute.value, copies) };
  if (attribute.kind === 'graphs') {
    return { kind: 'graphs', value: attribute.value.map((body) => copyInto(body, copies)) };
  }
  return attribute;
}
