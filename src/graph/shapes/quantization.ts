import { requiredInput } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { elementType } from './element-types.ts';
import type { ShapeRules } from './rule.ts';

/** Between numbers and their quantised form. */
export const quantizationShapes = {
  QuantizeLinear: ({ node, inputs, attributes }) => {
    const dtype = inputs[2] ? inputs[2].dtype : (elementType(attributes.output_dtype) ?? 'uint8');
    return [{ dtype, shape: requiredInput(node, 0).shape }];
  },
  DequantizeLinear: ({ node }) => [
    { dtype: requiredInput(node, 1).dtype, shape: requiredInput(node, 0).shape },
  ],
  DynamicQuantizeLinear: ({ node }) => [
    { dtype: 'uint8', shape: requiredInput(node, 0).shape },
    { dtype: 'float32', shape: [] },
    { dtype: 'uint8', shape: [] },
  ],
} satisfies Partial<ShapeRules<OperatorName>>;
