import type { OperatorName } from '../../graph/operators/index.ts';
import type { GradientRows } from '../rule.ts';

/** Quantised arithmetic is not differentiated. */
export const quantizationGradients = {
  QuantizeLinear: 'unsupported',
  DequantizeLinear: 'unsupported',
  DynamicQuantizeLinear: 'unsupported',
  QLinearMatMul: 'unsupported',
  MatMulInteger: 'unsupported',
} satisfies Partial<GradientRows<OperatorName>>;
