import { type Node, requiredInput } from '../../../graph/graph.ts';
import { attributesOf, isOperator } from '../../../graph/operators/index.ts';
import { bypassNode } from '../identity-elimination.ts';
import type { RewriteRule } from '../rewrite-nodes.ts';

/** Transpose(Transpose(x, p), q) = Transpose(x, p[q]), or x if that is the identity. */
export const joinTransposes: RewriteRule = {
  name: 'Transpose of Transpose',
  ops: ['Transpose'],
  rewrite(node, context) {
    const { producer, uses } = context;
    const between = requiredInput(node, 0);
    const inner = producer.get(between);
    const [first, second] = [inner && permutation(inner), permutation(node)];
    const x = inner?.inputs[0];
    if (!x || !first || !second) return null;
    const joined = second.flatMap((axis) => first[axis] ?? []);
    if (joined.every((axis, i) => axis === i)) return bypassNode(node, x, context) ? true : null;
    if (uses.get(between)?.length !== 1) return null;
    context.become(node, { op: 'Transpose', inputs: [x], attributes: { perm: joined } });
    return true;
  },
};

function permutation(node: Node): readonly number[] | null {
  if (!isOperator(node, 'Transpose')) return null;
  const rank = node.inputs[0]?.shape?.length;
  const { perm } = attributesOf(node, 'Transpose');
  return perm ?? (rank === undefined ? null : Array.from({ length: rank }, (_, i) => rank - 1 - i));
}
