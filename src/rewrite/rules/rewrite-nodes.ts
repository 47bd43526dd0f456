import { EspalierError } from '../../errors.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Refusal, type Refused, type Rewritten, refusedAt } from '../../graph/edit/refused.ts';
import { type Graph, type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { knownOperator, type OperatorName } from '../../graph/operators/index.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { removeDeadNodes } from '../../graph/topology.ts';
import { type RewriteContext, rewriteContext } from './rewrite-context.ts';

/** What a rule did at a node: true, rewrote it; null, found nothing of its own; a refusal, left it alone. */
export type RewriteOutcome = true | null | Refusal;

/** A rewrite at one node. */
export interface RewriteRule {
  readonly name: string;
  /** The operators of the nodes at which it is tried. */
  readonly ops: readonly OperatorName[];
  /** Changes the graph through `context` alone, and only if it returns true. */
  readonly rewrite: (node: Node, context: RewriteContext) => RewriteOutcome;
}

/** More rewrites of one node are taken for a rule that never ends. */
const MOST_TIMES = 10_000;

/**
 * A copy of the graph in which rules were tried at every node, in topological order: the first that applies to a node's
 * operator and finds something decides; where it rewrote, they are tried again. Nodes that a rewrite leaves without readers
 * are removed. Throws `usage` where a rule rewrites a node without end.
 *
 * @example
 * const sumOfTwo: RewriteRule = {
 *   name: 'sum of two',
 *   ops: ['Sum'],
 *   rewrite(node, { become }) {
 *     if (node.inputs.length !== 2) return null;
 *     become(node, { op: 'Add', inputs: node.inputs });
 *     return true;
 *   },
 * };
 * const { graph, changed } = rewriteNodes(network, [sumOfTwo]);
 */
export function rewriteNodes(graph: Graph, rules: readonly RewriteRule[]): Rewritten {
  const copy = cloneGraph(graph);
  inferShapes(copy);
  const context = rewriteContext(copy);
  const refusals: Refused[] = [];
  let changed = 0;
  for (const node of [...copy.nodes]) {
    const { times, refusal } = rewriteNode(node, rules, context);
    changed += times;
    if (refusal) refusals.push(refusedAt(node, refusal));
  }
  if (changed > 0) {
    context.apply();
    removeDeadNodes(copy);
    inferShapes(copy);
  }
  return { graph: copy, changed, refusals };
}

/** How often rules rewrote a node, and why the last that looked at it did not. */
interface NodeResult {
  readonly times: number;
  readonly refusal: Refusal | null;
}

function rewriteNode(node: Node, rules: readonly RewriteRule[], context: RewriteContext): NodeResult {
  let times = 0;
  for (; !context.isRemoved(node); times++) {
    const [rule, outcome] = firstFinding(node, rules, context) ?? [];
    if (outcome !== true) return { times, refusal: outcome ?? null };
    if (times === MOST_TIMES)
      throw new EspalierError('usage', `rule ${rule?.name} rewrites it without end`, {
        where: nodeLabel(node),
      });
    // What was replaced must not count as a reader when the next node is looked at.
    context.removeUnread();
  }
  return { times, refusal: null };
}

function firstFinding(
  node: Node,
  rules: readonly RewriteRule[],
  context: RewriteContext,
): readonly [RewriteRule, true | Refusal] | null {
  const op = knownOperator(node);
  for (const rule of rules) {
    const outcome = op && rule.ops.includes(op) ? rule.rewrite(node, context) : null;
    if (outcome !== null) return [rule, outcome];
  }
  return null;
}

/** The node that computes a value, where nobody but one node reads it. */
export function soleProducer(
  value: Value | null | undefined,
  { producer, uses }: RewriteContext,
): Node | undefined {
  return value && uses.get(value)?.length === 1 ? producer.get(value) : undefined;
}
