import type { Graph, Node, Value } from '../graph/graph.ts';
import { isOneOf } from '../graph/operators/index.ts';
import { traitsOf } from '../graph/operators/traits.ts';
import { capturedValues, connections } from '../graph/topology.ts';

/** Where the nodes that some outputs depend on stand among the layers of a network. */
export interface LayerFlow {
  /** In the graph's order. */
  readonly nodes: readonly Node[];
  /** The initializer that a value is, or is a view of (reshaped, expanded); null for others. */
  initializerOf(value: Value): Value | null;
  /** Whether a node reads what a layer or a normalisation computes. */
  isRightBehind(node: Node): boolean;
  /** Whether a node reads what depends on a layer. */
  isBehind(node: Node): boolean;
  /** Whether a layer depends on what a node computes. */
  isAhead(node: Node): boolean;
}

/** Layers have weights of their own, normalisations a scale. */
const isNormalization = isOneOf('BatchNormalization', 'LayerNormalization');
const isView = isOneOf(
  'Identity',
  'Reshape',
  'Transpose',
  'Unsqueeze',
  'Squeeze',
  'Flatten',
  'Expand',
  'Tile',
);

/** Follows a network from its layers on, and back from some outputs. */
export function flowOf(graph: Graph, outputs: readonly Value[]): LayerFlow {
  const { producer } = connections(graph);
  const initializers = new Set(graph.initializers);
  const viewOf = new Map<Value, Value>();
  const initializerOf = (value: Value) => (initializers.has(value) ? value : (viewOf.get(value) ?? null));
  const isLayer = (node: Node) =>
    traitsOf(node).linear === true &&
    node.inputs.some((value) => value !== null && initializerOf(value) !== null);
  const behind = new Set<Value>();
  for (const node of graph.nodes) {
    const [first] = node.inputs;
    const view = isView(node) && first ? initializerOf(first) : null;
    const after = isLayer(node) || readBy(node).some((value) => behind.has(value));
    for (const value of node.outputs) {
      if (value && view) viewOf.set(value, view);
      else if (value && after) behind.add(value);
    }
  }
  const needed = new Set(outputs);
  const beforeLayer = new Set<Value>();
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    const own = node.outputs.filter((value) => value !== null);
    if (!own.some((value) => needed.has(value))) continue;
    const before = isLayer(node) || own.some((value) => beforeLayer.has(value));
    for (const value of readBy(node)) {
      needed.add(value);
      if (before) beforeLayer.add(value);
    }
    nodes.push(node);
  }
  nodes.reverse();
  return {
    nodes,
    initializerOf,
    isRightBehind: (node) =>
      node.inputs.some((value) => {
        const source = value && producer.get(value);
        return source ? isWeighted(source) : false;
      }),
    isBehind: (node) => readBy(node).some((value) => behind.has(value)),
    isAhead: (node) => node.outputs.some((value) => value !== null && beforeLayer.has(value)),
  };
}

const isWeighted = (node: Node): boolean => traitsOf(node).linear === true || isNormalization(node);

const readBy = (node: Node): Value[] => [
  ...node.inputs.filter((value) => value !== null),
  ...capturedValues(node),
];
