import type { Graph, Node, Value } from '../graph/graph.ts';
import { isOneOf } from '../graph/operators/index.ts';
import { traitsOf } from '../graph/operators/traits.ts';
import { capturedValues, connections } from '../graph/topology.ts';

/** Positions of nodes relative to the layers of a network, for the nodes that some outputs depend on. */
export interface LayerFlow {
  /** In the graph's order. */
  readonly nodes: readonly Node[];
  /** The initializer behind a value, possibly through views such as Reshape and Expand; null if there is none. */
  initializerOf(value: Value): Value | null;
  /** Whether a node directly reads the output of a layer or normalisation. */
  isRightBehind(node: Node): boolean;
  /** Whether an input of a node depends on a layer. */
  isBehind(node: Node): boolean;
  /** Whether some layer depends on the output of a node. */
  isAhead(node: Node): boolean;
}

/** Operators that count as normalisations; layers are the operators with weights. */
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

/** Computes the positions, forwards from the layers and backwards from the given outputs. */
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
