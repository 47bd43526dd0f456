import type { Node } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { explicitWindow } from '../../graph/window.ts';
import { allBut, dims, refusal } from '../call.ts';
import type { GradientRows } from '../rule.ts';

interface TransposedAttributes {
  readonly auto_pad: string;
  readonly output_shape?: readonly number[] | undefined;
}

function refuseImplicitSize(node: Node, { auto_pad, output_shape }: TransposedAttributes): void {
  if (auto_pad.startsWith('SAME') || output_shape?.length)
    throw refusal(node, 'has a gradient only with explicit pads, not with auto_pad or output_shape');
}

/** Convolutions. */
export const convolutionGradients = {
  /** y = x ⋆ w + b, with x: [N, C, …size], w: [M, C/group, …kernel]. */
  Conv: ({ inputs: { x, weight, bias }, attributes }, [dy], g) => {
    const window = explicitWindow(attributes, dims(x).slice(2), dims(weight).slice(2));
    const { group } = attributes;
    return [
      g.ConvGradInput(dy, weight, { ...window, group, size: dims(x) }),
      g.ConvGradWeight(x, dy, { ...window, group, size: dims(weight) }),
      bias ? g.ReduceSum(dy, g.int64s(allBut(1, dy)), { keepdims: 0 }) : null,
    ];
  },
  /** The adjoint of a convolution that reads y and computes x, whose forward and weight gradient are its own gradients. */
  ConvTranspose: ({ node, inputs: { x, weight, bias }, attributes }, [dy], g) => {
    refuseImplicitSize(node, attributes);
    const window = explicitWindow(attributes, dims(dy).slice(2), dims(weight).slice(2));
    const { group } = attributes;
    return [
      g.Conv(dy, weight, { ...window, group }),
      g.ConvGradWeight(dy, x, { ...window, group, size: dims(weight) }),
      bias ? g.ReduceSum(dy, g.int64s(allBut(1, dy)), { keepdims: 0 }) : null,
    ];
  },
  ConvInteger: 'unsupported',
  QLinearConv: 'unsupported',
} satisfies Partial<GradientRows<OperatorName>>;
