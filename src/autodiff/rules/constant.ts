import type { OperatorName } from '../../graph/operators/index.ts';
import type { GradientRows } from '../rule.ts';

/** What depends on shapes alone, or on nothing; and control flow. */
export const constantGradients = {
  Constant: 'none',
  ConstantOfShape: 'none',
  Shape: 'none',
  Size: 'none',
  Range: 'unsupported',
  If: 'unsupported',
} satisfies Partial<GradientRows<OperatorName>>;
