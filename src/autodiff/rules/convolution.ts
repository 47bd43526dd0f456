import type { OperatorName } from '../../graph/operators/index.ts';
import { explicitWindow, transposedWindow } from '../../graph/window.ts';
import { allBut, dims } from '../call.ts';
import type { GradientRows } from '../rule.ts';

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
  ConvTranspose: ({ inputs: { x, weight, bias }, attributes }, [dy], g) => {
    const [size, places] = [dims(dy).slice(2), dims(x).slice(2)];
    const window = transposedWindow(attributes, { size, places, kernel: dims(weight).slice(2) });
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
