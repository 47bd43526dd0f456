import { suffixed } from '../../graph/builder.ts';
import type { Graph, Node, Value } from '../../graph/graph.ts';
import { subgraphs } from '../../graph/topology.ts';

/**
 * Makes the names of all nodes, and of all values across subgraphs, unique, in place. Unique names are kept, as is the first
 * of several equal ones; a node without name is named after its first output.
 */
export function nameUniquely(graph: Graph): void {
  nameNodes(graph);
  nameValues(graph);
}

/** Makes the names of nodes unique, in place. Returns the number of renamed nodes. */
export function separateNodes(graph: Graph): number {
  const nodes = allNodes(graph);
  const unique = suffixed(new Set(nodes.map(({ name }) => name)));
  const seen = new Set<string>();
  let renamed = 0;
  for (const node of nodes) {
    if (seen.has(node.name) && ++renamed) node.name = unique(node.name);
    if (node.name) seen.add(node.name);
  }
  return renamed;
}

function nameNodes(graph: Graph): void {
  const nodes = allNodes(graph);
  const given = new Map<string, number>();
  for (const { name } of nodes) if (name) given.set(name, (given.get(name) ?? 0) + 1);
  const unique = suffixed(new Set(given.keys()));
  const seen = new Set<string>();
  for (const node of nodes) {
    if (node.name && !seen.has(node.name)) seen.add(node.name);
    else node.name = unique(node.name || node.outputs.find((value) => value !== null)?.name || node.op);
  }
}

const allNodes = (graph: Graph): Node[] =>
  graph.nodes.flatMap((node) => [node, ...subgraphs(node).flatMap(allNodes)]);

/** Values of the outermost graph are first, so that they keep their names. */
function nameValues(graph: Graph): void {
  const bodies = [...bodiesOf(graph)];
  const values = [graph, ...bodies].map(valuesOf);
  const unique = suffixed(new Set(values.flatMap((list) => [...list].map(({ name }) => name))));
  const seen = new Set<string>();
  for (const value of values.flatMap((list) => [...list])) {
    if (seen.has(value.name)) value.name = unique(value.name);
    seen.add(value.name);
  }
}

function* bodiesOf(graph: Graph): Generator<Graph> {
  for (const node of graph.nodes) {
    for (const body of subgraphs(node)) {
      yield body;
      yield* bodiesOf(body);
    }
  }
}

/** The values that a graph itself defines. */
function valuesOf({ inputs, initializers, nodes }: Graph): Set<Value> {
  const computed = nodes.flatMap(({ outputs }) => outputs).filter((value) => value !== null);
  return new Set([...inputs, ...initializers, ...computed]);
}
