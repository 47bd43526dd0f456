import { type Graph, makeNode, type Node, type Value } from '../../graph/graph.ts';
import { subgraphs } from '../../graph/topology.ts';

/** The position at which a body is inserted. */
export interface SplicePoint {
  /** Values for its formal inputs; null for missing ones. */
  readonly inputs: readonly (Value | null)[];
  /** Values for its outputs. */
  readonly outputs: readonly (Value | null)[];
  /** Prefix for names in the body. */
  readonly prefix: string;
  unique(wanted: string): string;
}

/**
 * The nodes of a body (a branch of an If, or a function) that replace the node that contains or calls it. The body is
 * consumed: its values and initializers become those of the graph.
 */
export function splice(graph: Graph, body: Graph, { inputs, outputs, prefix, unique }: SplicePoint): Node[] {
  const replaced = new Map<Value, Value | null>();
  body.inputs.forEach((value, i) => {
    replaced.set(value, inputs[i] ?? null);
  });
  const made = new Set(body.nodes.flatMap((node) => node.outputs));
  const handedOn: Node[] = [];
  body.outputs.forEach((value, i) => {
    const target = outputs[i];
    if (!target) return;
    if (made.has(value) && !replaced.has(value)) {
      target.dtype ??= value.dtype;
      target.shape ??= value.shape;
      replaced.set(value, target);
    } else {
      // An output that is an input, a constant, an outer value, or also another output needs an Identity node.
      const name = unique(`${prefix}/identity`);
      handedOn.push(makeNode('Identity', { name, inputs: [value], outputs: [target] }));
    }
  });
  for (const value of [...made, ...body.initializers]) {
    if (value && !replaced.has(value)) value.name = unique(`${prefix}/${value.name}`);
  }
  for (const node of body.nodes) node.name = unique(`${prefix}/${node.name || node.op}`);
  graph.initializers.push(...body.initializers);
  const nodes = [...body.nodes, ...handedOn];
  for (const node of nodes) substitute(node, replaced);
  return nodes;
}

/** Replaces values that a node and its subgraphs read. */
function substitute(node: Node, replaced: ReadonlyMap<Value, Value | null>): void {
  const swap = (value: Value | null) => (value && replaced.has(value) ? replaced.get(value)! : value);
  node.inputs = node.inputs.map(swap);
  node.outputs = node.outputs.map(swap);
  for (const body of subgraphs(node)) {
    for (const inner of body.nodes) substitute(inner, replaced);
    body.outputs = body.outputs.map((value) => swap(value) ?? value);
  }
}
