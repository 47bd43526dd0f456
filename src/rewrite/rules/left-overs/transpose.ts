import type { Node } from '../../../graph/graph.ts';
import { attributesOf, isOperator, makeAttributes } from '../../../graph/operators/index.ts';
import { passOn } from '../identity-elimination.ts';
import type { NodeRule } from '../rewrite-nodes.ts';

/** Transpose(Transpose(x, p), q) = Transpose(x, p[q]), and x where that leaves every axis in its place. */
export const joinTransposes: NodeRule = (node, context) => {
  const { producer, uses, graph } = context;
  const between = node.inputs[0]!;
  const inner = producer.get(between);
  const [first, second] = [inner && permutation(inner), permutation(node)];
  if (!inner?.inputs[0] || !first || !second) return null;
  const joined = second.map((axis) => first[axis]!);
  if (joined.every((axis, i) => axis === i)) return passOn(graph, node, inner.inputs[0]) ? true : null;
  if (uses.get(between)!.length > 1) return null;
  node.inputs = [inner.inputs[0]];
  node.attributes = makeAttributes('Transpose', { perm: joined });
  return true;
};

function permutation(node: Node): readonly number[] | null {
  if (!isOperator(node, 'Transpose')) return null;
  const rank = node.inputs[0]?.shape?.length;
  const { perm } = attributesOf(node, 'Transpose');
  return perm ?? (rank === undefined ? null : Array.from({ length: rank }, (_, i) => rank - 1 - i));
}
