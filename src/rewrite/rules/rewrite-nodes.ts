import { uniqueNames } from '../../graph/builder.ts';
import { cloneGraph } from '../../graph/clone.ts';
import type { Graph, Node, Value } from '../../graph/graph.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { removeDeadNodes } from '../../graph/topology.ts';
import { type Refusal, type Rewritten, refusal } from '../pass.ts';
import { contextOf, type FoldContext } from './fold-context.ts';

/** What a rule did at a node: true, rewrote it; null, found nothing of its own; a string, left it alone, and why. */
export type Outcome = true | null | string;
/** A rewrite at one node, in place. It touches nothing unless it rewrites. */
export type NodeRule = (node: Node, context: FoldContext) => Outcome;

/** A copy of the graph in which a rule was tried at every node, in topological order, again where it rewrote. */
export function rewriteNodes(graph: Graph, rule: NodeRule): Rewritten {
  const copy = cloneGraph(graph);
  inferShapes(copy);
  const unique = uniqueNames(copy);
  const refusals: Refusal[] = [];
  let changed = 0;
  let context = contextOf(copy, unique);
  let live = new Set(copy.nodes);
  for (const node of [...copy.nodes]) {
    while (live.has(node)) {
      const outcome = rule(node, context);
      if (typeof outcome === 'string') refusals.push(refusal(node, outcome));
      if (outcome !== true) break;
      changed++;
      // What was replaced must not count as a reader when the next node is looked at.
      removeDeadNodes(copy);
      context = contextOf(copy, unique);
      live = new Set(copy.nodes);
    }
  }
  inferShapes(copy);
  return { graph: copy, changed, refusals };
}

/** The node that computes a value, where nobody but one node reads it. */
export function soleProducer(
  value: Value | null | undefined,
  { producer, uses }: FoldContext,
): Node | undefined {
  return value && uses.get(value)?.length === 1 ? producer.get(value) : undefined;
}

/** How a message calls a node beside the one that it is about. */
export const nameOf = (node: Node): string => node.name || node.outputs[0]?.name || node.op;
