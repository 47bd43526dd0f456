import type { OperatorName } from '../operators/index.ts';
import { elementType } from './element-types.ts';
import type { ShapeRules } from './rule.ts';

/** Operators that convert between numbers and their quantised form. */
export const quantizationShapes = {
  QuantizeLinear: ({ inputs: { x, zeroPoint }, attributes }) => {
    const dtype = zeroPoint ? zeroPoint.dtype : (elementType(attributes.output_dtype) ?? 'uint8');
    return [{ dtype, shape: x.shape }];
  },
  DequantizeLinear: ({ inputs: { x, scale } }) => [{ dtype: scale.dtype, shape: x.shape }],
  DynamicQuantizeLinear: ({ inputs: { x } }) => [
    { dtype: 'uint8', shape: x.shape },
    { dtype: 'float32', shape: [] },
    { dtype: 'uint8', shape: [] },
  ],
} satisfies Partial<ShapeRules<OperatorName>>;
