import type { Node } from '../../../graph/graph.ts';
import { attributesOf, isOperator } from '../../../graph/operators/index.ts';
import { type RewriteRule, soleProducer } from '../rewrite-nodes.ts';

/** Concat(Concat(a, b), c) = Concat(a, b, c) along one axis. */
export const flattenConcat: RewriteRule = {
  name: 'Concat of Concat',
  ops: ['Concat'],
  rewrite(node, context) {
    const parts = node.inputs.map((value) => {
      const inner = soleProducer(value, context);
      return isOperator(inner, 'Concat') && sameAxis(inner, node) ? inner.inputs : [value];
    });
    if (parts.every((part) => part.length === 1)) return null;
    context.setInputs(node, parts.flat());
    return true;
  },
};

function sameAxis(inner: Node, outer: Node): boolean {
  const [a = 0, b = 0] = [inner, outer].map((node) => attributesOf(node, 'Concat').axis);
  const rank = outer.outputs[0]?.shape?.length;
  return a === b || (rank !== undefined && (a + rank) % rank === (b + rank) % rank);
}
