import { type Node, requiredInput } from '../../../graph/graph.ts';
import { attributesOf, isOperator } from '../../../graph/operators/index.ts';
import { makeTensor } from '../../../numeric/tensor.ts';
import type { RewriteContext } from '../rewrite-context.ts';
import { type RewriteRule, soleProducer } from '../rewrite-nodes.ts';

/** The elements and the axis that a Gather selects. */
export interface Gathered {
  /** Counted from the front. */
  readonly axis: number;
  /** Each in [0, length). */
  readonly indices: readonly number[];
  readonly length: number;
}

/** A Gather with constant indices along an axis of known length; null for other nodes. */
export function gatherOf(node: Node | undefined, { numbers }: RewriteContext): Gathered | null {
  if (!isOperator(node, 'Gather')) return null;
  const [x, list] = node.inputs;
  const indices = numbers(list);
  const shape = x?.shape;
  if (!indices || !shape) return null;
  const rank = shape.length;
  const axis = (attributesOf(node, 'Gather').axis + rank) % rank;
  const length = shape[axis];
  if (typeof length !== 'number') return null;
  const counted = indices.map((index) => (index < 0 ? index + length : index));
  return counted.every((index) => index >= 0 && index < length) ? { axis, indices: counted, length } : null;
}

/** Gather(Gather(x, i), j) = Gather(x, i[j]) along one axis, where i is a vector and j has any shape. */
export const joinGathers: RewriteRule = {
  name: 'Gather of Gather',
  ops: ['Gather'],
  rewrite(node, context) {
    const inner = soleProducer(node.inputs[0], context);
    const [first, second] = [gatherOf(inner, context), gatherOf(node, context)];
    if (!inner || !first || !second || first.axis !== second.axis) return null;
    if (inner.inputs[1]?.shape?.length !== 1) return null;
    const joined = second.indices.map((index) => BigInt(first.indices[index] ?? 0));
    const { name, tensor } = requiredInput(node, 1);
    const indices = makeTensor('int64', tensor?.shape ?? [], BigInt64Array.from(joined));
    context.setInputs(node, [requiredInput(inner, 0), context.constant(indices, name)]);
    return true;
  },
};
