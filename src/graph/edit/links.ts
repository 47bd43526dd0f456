import type { Graph, Node, Value } from '../graph.ts';
import {
  type Connections,
  capturedValues,
  connections,
  replaceUses,
  subgraphs,
  type ValueUse,
} from '../topology.ts';

/** Producers and readers that are updated with each change of a graph. */
export interface Links extends Connections {
  readonly graph: Graph;
  readonly producer: Map<Value, Node>;
  readonly uses: Map<Value, readonly ValueUse[]>;
  /** Nodes that have lost readers. */
  readonly unread: Set<Node>;
}

/** The links of a graph; they remain correct if all changes use the functions below. */
export function linksOf(graph: Graph): Links {
  const { producer, uses } = connections(graph);
  return { graph, producer: new Map(producer), uses: new Map(uses), unread: new Set() };
}

/** Adds the links of a new node. */
export function linkNode({ producer, uses }: Links, node: Node): void {
  for (const [value, use] of usesBy(node)) addUse(uses, value, use);
  for (const value of node.outputs) if (value) producer.set(value, node);
}

/** Removes the links of a node, so that another node may produce its outputs. */
export function unlinkNode(links: Links, node: Node): void {
  for (const [value, use] of usesBy(node)) dropUse(links, value, use);
  for (const value of node.outputs) {
    if (value && links.producer.get(value) === node) links.producer.delete(value);
  }
  links.unread.delete(node);
}

/** An input or output of a node. */
export interface NodePlace {
  readonly node: Node;
  readonly index: number;
}

export function setInput(links: Links, { node, index }: NodePlace, value: Value | null): void {
  while (node.inputs.length <= index) node.inputs.push(null);
  const old = node.inputs[index];
  if (old === value) return;
  node.inputs[index] = value;
  if (value) addUse(links.uses, value, { node, index });
  if (old) dropUse(links, old, { node, index });
}

export function setInputs(links: Links, node: Node, inputs: readonly (Value | null)[]): void {
  for (let index = 0; index < Math.max(inputs.length, node.inputs.length); index++) {
    setInput(links, { node, index }, inputs[index] ?? null);
  }
  node.inputs.length = inputs.length;
}

export function setOutput({ producer }: Links, { node, index }: NodePlace, value: Value): void {
  const old = node.outputs[index];
  if (old && producer.get(old) === node) producer.delete(old);
  node.outputs[index] = value;
  producer.set(value, node);
}

/** Replaces `from` by `to` for all readers. */
export function redirectUses(links: Links, from: Value, to: Value): void {
  for (const use of links.uses.get(from) ?? []) {
    const { node, index } = use;
    if (!node) links.graph.outputs[index] = to;
    else if (index >= 0) node.inputs[index] = to;
    else for (const body of subgraphs(node)) replaceUses(body, from, to);
    dropUse(links, from, use);
    addUse(links.uses, to, use);
  }
}

/** Removes the links of nodes without readers, and of the nodes that only they read. Returns all these nodes. */
export function unlinkUnread(links: Links): Node[] {
  const { unread, uses } = links;
  const dead: Node[] = [];
  // Iteration over a set includes elements that are added meanwhile.
  for (const node of unread) {
    if (node.outputs.some((value) => value && uses.has(value))) continue;
    unlinkNode(links, node);
    dead.push(node);
  }
  unread.clear();
  return dead;
}

function* usesBy(node: Node): Generator<readonly [Value, ValueUse]> {
  for (const [index, value] of node.inputs.entries()) if (value) yield [value, { node, index }];
  for (const value of capturedValues(node)) yield [value, { node, index: -1 }];
}

const isSame = (a: ValueUse, b: ValueUse): boolean => a.node === b.node && a.index === b.index;

function addUse(uses: Links['uses'], value: Value, use: ValueUse): void {
  const known = uses.get(value) ?? [];
  if (!known.some((other) => isSame(other, use))) uses.set(value, [...known, use]);
}

function dropUse({ producer, uses, unread }: Links, value: Value, use: ValueUse): void {
  const left = (uses.get(value) ?? []).filter((other) => !isSame(other, use));
  if (left.length > 0) {
    uses.set(value, left);
    return;
  }
  uses.delete(value);
  const source = producer.get(value);
  if (source) unread.add(source);
}
