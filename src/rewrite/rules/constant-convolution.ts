import { type ConstantConvolution, readConvolution } from '../../graph/convolution.ts';
import { isRefusal, type Refusal, refuse } from '../../graph/edit/refused.ts';
import { type Node, nodeName } from '../../graph/graph.ts';
import { type RewriteContext, vector } from './rewrite-context.ts';

/** Reads a Conv whose weight has no other reader; refuses others. */
export function constantConvolution(
  node: Node,
  { weights, sharer }: RewriteContext,
): ConstantConvolution | Refusal {
  const read = readConvolution(node, weights);
  const other = isRefusal(read) ? null : sharer(node, 1);
  return other ? refuse('shared', `the weight of ${nodeName(node)} is shared with ${nodeName(other)}`) : read;
}

/** The new parameters of a Conv. */
export interface NewConvolution extends Pick<ConstantConvolution, 'x' | 'weight' | 'group' | 'window'> {
  readonly bias: ArrayLike<number> | null;
}

/** Changes a Conv in place; it keeps its name and output. */
export function setConvolution(node: Node, made: NewConvolution, context: RewriteContext): void {
  const { x, weight, bias, group, window } = made;
  context.setWeight(node, 1, weight);
  if (bias) context.setWeight(node, 2, vector(bias));
  const inputs = [x, ...node.inputs.slice(1, bias ? 3 : 2)];
  const { strides, pads, dilations } = window;
  const placed = { kernel_shape: weight.shape.slice(2), strides, pads, dilations };
  context.become(node, { op: 'Conv', inputs, attributes: { ...placed, ...(group > 1 && { group }) } });
}
