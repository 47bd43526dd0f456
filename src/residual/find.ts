import type { Graph, Node, Value } from '../graph/graph.ts';
import { onlyOutput } from '../graph/graph.ts';
import { isOneOf, isOperator } from '../graph/operators/index.ts';
import { type Connections, connections } from '../graph/topology.ts';

/** y = f(x) + s(x): an Add both of whose operands derive from the same value. */
export interface Residual {
  /** The name of the Add. */
  readonly add: string;
  /** The name of x, the nearest value from which both operands derive. */
  readonly from: string;
  /** s is the identity, a single convolution with optional normalisation (`projection`), or something else. */
  readonly kind: 'identity' | 'projection' | 'other';
}

/** An Add both of whose operands derive from the same value. */
export interface Fork {
  readonly add: Node;
  /** x, the nearest value from which both derive. */
  readonly from: Value;
  readonly sides: readonly [Value, Value];
}

/**
 * The residual connections of a graph, in graph order.
 *
 * @example
 * for (const { add, from, kind } of findResiduals(network)) console.log(`${add}: ${kind} from ${from}`);
 */
export function findResiduals(graph: Graph): Residual[] {
  const links = connections(graph);
  return findForks(graph).map(({ add, from, sides }) => ({
    add: add.name || onlyOutput(add).name,
    from: from.name,
    kind: kindOf(from, sides, links),
  }));
}

/** The Adds of a graph that join branches of one value, in graph order. */
const findForks = (graph: Graph): Fork[] => graph.nodes.flatMap((_, index) => forkAt(graph, index) ?? []);

/** The fork that the node with an index joins; null if it joins none. */
export function forkAt(graph: Graph, index: number): Fork | null {
  const add = graph.nodes[index]!;
  const [left, right] = add.inputs;
  if (!isOperator(add, 'Add') || !left || !right || left.tensor || right.tensor) return null;
  const from = forkOf(graph, index, [left, right]);
  return from ? { add, from, sides: [left, right] } : null;
}

/**
 * The latest value from which both inputs of node `index` derive: ancestors are marked 1 and 2, backwards, until one has both
 * marks.
 */
function forkOf(graph: Graph, index: number, [left, right]: readonly [Value, Value]): Value | null {
  const marks = new Map<Value, number>();
  const mark = (value: Value, bits: number) => marks.set(value, (marks.get(value) ?? 0) | bits);
  mark(left, 1);
  mark(right, 2);
  for (let i = index - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    let bits = 0;
    for (const output of node.outputs) {
      const own = (output && marks.get(output)) || 0;
      if (own === 3) return output;
      bits |= own;
    }
    if (bits) for (const input of node.inputs) if (input && !input.tensor) mark(input, bits);
  }
  return graph.inputs.find((input) => marks.get(input) === 3) ?? null;
}

/** Operators that a projection may contain besides its convolution. */
const isBesideProjection = isOneOf('BatchNormalization', 'AveragePool', 'Identity');

function kindOf(fork: Value, sides: readonly [Value, Value], links: Connections): Residual['kind'] {
  const paths = sides.map((side) => nodesBetween(fork, side, links));
  if (paths.some((path) => path.every((node) => isOperator(node, 'Identity')))) return 'identity';
  const projections = paths.filter(isProjection);
  return projections.length === 1 ? 'projection' : 'other';
}

function isProjection(path: readonly Node[]): boolean {
  const convolutions = path.filter((node) => isOperator(node, 'Conv')).length;
  const others = path.filter((node) => !isOperator(node, 'Conv'));
  return convolutions === 1 && others.every(isBesideProjection);
}

/** The nodes on all paths from one value to another. */
export function nodesBetween(fork: Value, end: Value, { producer }: Connections): Node[] {
  const found = new Set<Node>();
  const pending = [end];
  for (let value = pending.pop(); value; value = pending.pop()) {
    const node = value === fork ? undefined : producer.get(value);
    if (!node || found.has(node)) continue;
    found.add(node);
    for (const input of node.inputs) if (input && !input.tensor) pending.push(input);
  }
  return [...found];
}
