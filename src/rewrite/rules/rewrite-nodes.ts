import { EspalierError } from '../../errors.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Refusal, type Refused, type Rewritten, refusedAt } from '../../graph/edit/refused.ts';
import { type Graph, type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { knownOperator, type OperatorName } from '../../graph/operators/index.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { removeDeadNodes } from '../../graph/topology.ts';
import { type RewriteContext, rewriteContext } from './rewrite-context.ts';

/**
 * The result of a rule at a node: true if it was rewritten, null if the rule does not apply, a refusal if it applies but must
 * not be used.
 */
export type RewriteOutcome = true | null | Refusal;

/** A rule that rewrites single nodes. */
export interface RewriteRule {
  readonly name: string;
  /** The operators to which it can apply. */
  readonly ops: readonly OperatorName[];
  /** Rewrites a node. It may change the graph only through `context`, and only if it returns true. */
  readonly rewrite: (node: Node, context: RewriteContext) => RewriteOutcome;
}

/** Maximum number of rewrites of one node: more indicate an endless rule. */
const MOST_TIMES = 10_000;

/**
 * Applies rules to a copy of a graph, node by node in topological order. For each node, the first rule that applies is used;
 * after a rewrite, the rules are tried again. Nodes that have lost all readers are removed. Throws `usage` if a rule rewrites
 * a node endlessly.
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

/** The number of rewrites of a node, and the refusal of the last rule that applied. */
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
    // Replaced nodes must not count as readers for the next node.
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

/** The producer of a value that has a single reader. */
export function soleProducer(
  value: Value | null | undefined,
  { producer, uses }: RewriteContext,
): Node | undefined {
  return value && uses.get(value)?.length === 1 ? producer.get(value) : undefined;
}
