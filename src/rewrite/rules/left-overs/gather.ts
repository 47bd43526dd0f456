import { makeConstant, type Node } from '../../../graph/graph.ts';
import { attributesOf, isOperator } from '../../../graph/operators/index.ts';
import { makeTensor } from '../../../numeric/tensor.ts';
import type { FoldContext } from '../fold-context.ts';
import { type NodeRule, soleProducer } from '../rewrite-nodes.ts';

/** Which elements of which axis a Gather takes. */
export interface Gathered {
  /** Counted from the front. */
  readonly axis: number;
  /** Each in [0, length). */
  readonly indices: readonly number[];
  readonly length: number;
}

/** A Gather of constant indices from an axis of known length; null for all else. */
export function gatherOf(node: Node | undefined, { numbers }: FoldContext): Gathered | null {
  if (!isOperator(node, 'Gather')) return null;
  const [x, list] = node.inputs;
  const indices = numbers(list);
  const rank = x?.shape?.length;
  if (!indices || !rank) return null;
  const axis = (attributesOf(node, 'Gather').axis + rank) % rank;
  const length = x.shape![axis];
  if (typeof length !== 'number') return null;
  const counted = indices.map((index) => (index < 0 ? index + length : index));
  return counted.every((index) => index >= 0 && index < length) ? { axis, indices: counted, length } : null;
}

/** Gather(Gather(x, i), j) = Gather(x, i[j]) on one axis, i a vector and j of any shape. */
export const joinGathers: NodeRule = (node, context) => {
  const inner = soleProducer(node.inputs[0], context);
  const [first, second] = [gatherOf(inner, context), gatherOf(node, context)];
  if (!inner || !first || !second || first.axis !== second.axis) return null;
  if (inner.inputs[1]?.shape?.length !== 1) return null;
  const joined = second.indices.map((index) => BigInt(first.indices[index]!));
  const shape = node.inputs[1]!.tensor!.shape;
  const tensor = makeTensor('int64', shape, BigInt64Array.from(joined));
  const indices = makeConstant(context.unique(node.inputs[1]!.name), tensor);
  context.graph.initializers.push(indices);
  node.inputs = [inner.inputs[0]!, indices];
  return true;
};
