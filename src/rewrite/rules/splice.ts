import { type Graph, makeNode, type Node, type Value } from '../../graph/graph.ts';
import { subgraphs } from '../../graph/topology.ts';

/** Where a body goes. */
export interface SplicePoint {
  /** What its formal inputs are; null where one is missing. */
  readonly inputs: readonly (Value | null)[];
  /** What its outputs become. */
  readonly outputs: readonly (Value | null)[];
  /** Names in it begin with this. */
  readonly prefix: string;
  unique(wanted: string): string;
}

/**
 * The nodes of a body that take the place of the node that carries or calls it: a branch of If, a function. The body is
 * used up: its values become the graph's, its initializers move there.
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
      // An input handed on, a constant, a value from outside, or one that is two outputs.
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

/** Replaces values of a node, those that its subgraphs read included. */
function substitute(node: Node, replaced: ReadonlyMap<Value, Value | null>): void {
  const swap = (value: Value | null) => (value && replaced.has(value) ? replaced.get(value)! : value);
  node.inputs = node.inputs.map(swap);
  node.outputs = node.outputs.map(swap);
  for (const body of subgraphs(node)) {
    for (const inner of body.nodes) substitute(inner, replaced);
    body.outputs = body.outputs.map((value) => swap(value) ?? value);
  }
}
