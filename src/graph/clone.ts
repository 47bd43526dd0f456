import type { Attribute, Graph, Node, Value } from './graph.ts';

/** A copy of a graph that can be edited freely; tensors are shared. */
export interface GraphCopy {
  readonly graph: Graph;
  /** Each original value's copy. */
  readonly values: ReadonlyMap<Value, Value>;
}

/** Copies nodes, values and attributes; tensors, being immutable, are shared. */
export function copyGraph(graph: Graph): GraphCopy {
  const values = new Map<Value, Value>();
  return { graph: copyInto(graph, values), values };
}

/** A copy of a graph that can be edited freely: nodes, values and attributes are copied; tensors, being immutable, are shared. */
export const cloneGraph = (graph: Graph): Graph => copyGraph(graph).graph;

function copyInto(graph: Graph, values: Map<Value, Value>): Graph {
  const copy = (value: Value): Value => {
    const known = values.get(value);
    if (known) return known;
    const made = { ...value };
    values.set(value, made);
    return made;
  };
  const inputs = graph.inputs.map(copy);
  const initializers = graph.initializers.map(copy);
  const nodes = graph.nodes.map((node): Node => {
    const attributes = Object.entries(node.attributes).map(
      ([name, attribute]) => [name, copyAttribute(attribute, values)] as const,
    );
    return {
      ...node,
      inputs: node.inputs.map((value) => value && copy(value)),
      outputs: node.outputs.map((value) => value && copy(value)),
      attributes: Object.fromEntries(attributes),
    };
  });
  const outputs = graph.outputs.map(copy);
  const { opsets, metadata } = graph;
  return { ...graph, inputs, outputs, initializers, nodes, opsets: { ...opsets }, metadata: { ...metadata } };
}

function copyAttribute(attribute: Attribute, values: Map<Value, Value>): Attribute {
  if (attribute.kind === 'graph') return { kind: 'graph', value: copyInto(attribute.value, values) };
  if (attribute.kind === 'graphs') {
    return { kind: 'graphs', value: attribute.value.map((body) => copyInto(body, values)) };
  }
  return attribute;
}
