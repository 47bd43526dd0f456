import { uniqueNames } from '../../graph/builder.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { contentsOf, type KnownElements } from '../../graph/shapes/index.ts';
import { subgraphs } from '../../graph/topology.ts';
import { splice } from './splice.ts';

/** Replaces, in place, each If with a known condition by its branch. Returns the number of replacements. */
export function foldBranches(graph: Graph, contents: KnownElements): number {
  return foldInto(graph, contents, uniqueNames(graph));
}

function foldInto(graph: Graph, contents: KnownElements, unique: (wanted: string) => string): number {
  let folded = 0;
  graph.nodes = graph.nodes.flatMap((node): Node[] => {
    const branch = takenBranch(node, contents);
    if (!branch) {
      for (const body of subgraphs(node)) folded += foldInto(body, contents, unique);
      return [node];
    }
    folded += 1 + foldInto(branch, contents, unique);
    const prefix = node.name || node.outputs.find((value) => value !== null)?.name || node.op;
    return splice(graph, branch, { inputs: [], outputs: node.outputs, prefix, unique });
  });
  return folded;
}

function takenBranch(node: Node, contents: KnownElements): Graph | null {
  if (!isOperator(node, 'If')) return null;
  const { inputs, attributes } = node;
  const [condition = null] = contentsOf(inputs[0], contents) ?? [];
  if (typeof condition !== 'number') return null;
  const branch = attributes[condition ? 'then_branch' : 'else_branch'];
  return branch?.kind === 'graph' ? branch.value : null;
}
