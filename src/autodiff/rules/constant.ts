import type { OperatorName } from '../../graph/operators/index.ts';
import type { GradientRows } from '../rule.ts';

/** Operators that depend only on shapes or on nothing, and control flow. */
export const constantGradients = {
  Constant: 'none',
  ConstantOfShape: 'none',
  Shape: 'none',
  Size: 'none',
  Range: 'unsupported',
  If: 'unsupported',
} satisfies Partial<GradientRows<OperatorName>>;
