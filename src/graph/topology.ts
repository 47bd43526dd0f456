import { EspalierError } from '../errors.ts';
import { type Graph, type Node, nodeLabel, type Value } from './graph.ts';

/** A use of a value: as a node's input, or as a graph output (node null). */
export interface ValueUse {
  readonly node: Node | null;
  readonly index: number;
}

/** The links of a graph: the producer and the readers of each value. */
export interface Connections {
  /** The node that computes each value; no entry for inputs and initializers. */
  readonly producer: ReadonlyMap<Value, Node>;
  /** The readers of each value. A node whose subgraph reads the value has index −1. */
  readonly uses: ReadonlyMap<Value, readonly ValueUse[]>;
}

/**
 * Computes the producer and the readers of each value in one pass. The result is not updated when the graph changes.
 *
 * @example
 * const { producer, uses } = connections(graph);
 * for (const value of graph.outputs) console.log(producer.get(value)?.op, uses.get(value)?.length);
 */
export function connections(graph: Graph): Connections {
  const producer = new Map<Value, Node>();
  const uses = new Map<Value, ValueUse[]>();
  const use = (value: Value, node: Node | null, index: number) => {
    const list = uses.get(value);
    if (list) list.push({ node, index });
    else uses.set(value, [{ node, index }]);
  };
  for (const node of graph.nodes) {
    node.inputs.forEach((value, index) => value && use(value, node, index));
    for (const value of capturedValues(node)) use(value, node, -1);
    for (const value of node.outputs) if (value) producer.set(value, node);
  }
  graph.outputs.forEach((value, index) => {
    use(value, null, index);
  });
  return { producer, uses };
}

/** The subgraphs in the attributes of a node (If, Loop, Scan). */
export function subgraphs(node: Node): Graph[] {
  return Object.values(node.attributes).flatMap((attribute) =>
    attribute.kind === 'graph' ? [attribute.value] : attribute.kind === 'graphs' ? [...attribute.value] : [],
  );
}

/** Outer values that the subgraphs of a node read. */
export function capturedValues(node: Node): Set<Value> {
  const captured = new Set<Value>();
  for (const body of subgraphs(node)) {
    const own = new Set<Value>([...body.inputs, ...body.initializers]);
    for (const inner of body.nodes) {
      for (const value of [...inner.inputs, ...capturedValues(inner)]) {
        if (value && !own.has(value)) captured.add(value);
      }
      for (const value of inner.outputs) if (value) own.add(value);
    }
    for (const value of body.outputs) if (!own.has(value)) captured.add(value);
  }
  return captured;
}

/** Sorts the nodes topologically, preserving their order where possible. Throws if they form a cycle. */
export function sortTopologically(graph: Graph): void {
  const { producer } = connections(graph);
  const pending = new Map<Node, number>();
  const readers = new Map<Node, Node[]>();
  for (const node of graph.nodes) {
    const sources = new Set<Node>();
    for (const value of [...node.inputs, ...capturedValues(node)]) {
      const source = value && producer.get(value);
      if (source) sources.add(source);
    }
    pending.set(node, sources.size);
    for (const source of sources) {
      const list = readers.get(source);
      if (list) list.push(node);
      else readers.set(source, [node]);
    }
  }
  if (isSorted(graph)) return;
  const sorted: Node[] = graph.nodes.filter((node) => pending.get(node) === 0);
  for (let i = 0; i < sorted.length; i++) {
    for (const reader of readers.get(sorted[i]!) ?? []) {
      const left = pending.get(reader)! - 1;
      pending.set(reader, left);
      if (left === 0) sorted.push(reader);
    }
  }
  if (sorted.length < graph.nodes.length) {
    const stuck = graph.nodes.find((node) => pending.get(node)! > 0)!;
    throw new EspalierError('invalid-model', 'is part of a cycle', { where: nodeLabel(stuck) });
  }
  graph.nodes = sorted;
}

function isSorted(graph: Graph): boolean {
  const { producer } = connections(graph);
  const seen = new Set<Node>();
  for (const node of graph.nodes) {
    for (const value of [...node.inputs, ...capturedValues(node)]) {
      const source = value && producer.get(value);
      if (source && !seen.has(source)) return false;
    }
    seen.add(node);
  }
  return true;
}

/** Removes nodes and initializers that no output depends on. Returns the number of removed nodes. */
export function removeDeadNodes(graph: Graph): number {
  const live = new Set<Value>(graph.outputs);
  const kept: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((value) => value && live.has(value))) continue;
    kept.push(node);
    for (const value of [...node.inputs, ...capturedValues(node)]) if (value) live.add(value);
  }
  const removed = graph.nodes.length - kept.length;
  graph.nodes = kept.reverse();
  graph.initializers = graph.initializers.filter((value) => live.has(value));
  return removed;
}

/**
 * Replaces `from` by `to` for all readers, including graph outputs.
 *
 * @example
 * for (const node of graph.nodes) {
 *   const [x] = node.inputs;
 *   const [y] = node.outputs;
 *   if (node.op === 'Identity' && x && y) replaceUses(graph, y, x);
 * }
 * removeDeadNodes(graph);
 */
export function replaceUses(graph: Graph, from: Value, to: Value): void {
  const swap = (value: Value) => (value === from ? to : value);
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map((value) => value && swap(value));
    for (const body of subgraphs(node)) replaceUses(body, from, to);
  }
  graph.outputs = graph.outputs.map(swap);
}
