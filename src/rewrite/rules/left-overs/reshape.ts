import { type Dim, type Node, requiredInput, type Shape } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import { traitsOf } from '../../../graph/operators/traits.ts';
import { int64s } from '../../../numeric/tensor.ts';
import { type RewriteRule, soleProducer } from '../rewrite-nodes.ts';

/** Reshape(Reshape(x, s), t) = Reshape(x, t), where a 0 in t, which copies a dimension, is adapted to x. */
export const joinReshapes: RewriteRule = {
  name: 'Reshape of Reshape',
  ops: ['Reshape'],
  rewrite(node, context) {
    const inner = soleProducer(node.inputs[0], context);
    if (!inner || !traitsOf(inner).reshapes) return null;
    const x = requiredInput(inner, 0);
    const target = context.numbers(node.inputs[1]);
    const adapted = target && targetFor(node, target, x.shape);
    if (!adapted) return null;
    if (adapted.some((size, i) => size !== target[i])) {
      context.setInput(node, 1, context.constant(int64s(adapted), requiredInput(node, 1).name));
    }
    context.setInput(node, 0, x);
    return true;
  },
};

/** The target for input x; null if a copied dimension is neither a number nor equal to x's. */
function targetFor(node: Node, target: readonly number[], x: Shape | null): number[] | null {
  if (attributesOf(node, 'Reshape').allowzero) return [...target];
  const copied = requiredInput(node, 0).shape;
  const adapted = target.map((size, i) => {
    if (size !== 0) return size;
    return isSame(copied?.[i], x?.[i]) ? 0 : (copied?.[i] ?? null);
  });
  return adapted.every((size) => typeof size === 'number') ? adapted : null;
}

const isSame = (a: Dim | undefined, b: Dim | undefined): boolean => a !== null && a !== undefined && a === b;
