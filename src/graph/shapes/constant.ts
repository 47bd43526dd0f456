import { floats, int64s, makeTensor, scalar, type Tensor } from '../../numeric/tensor.ts';
import { type Dim, requiredInput, type Shape } from '../graph.ts';
import type { AttributesOf, OperatorName } from '../operators/index.ts';
import { misfit, product, shapeFrom, shapeOf, shapeOfUnknownContents, sizeOf } from './dims.ts';
import { type Call, LONGEST_CONTENTS, type ShapeCall, type ShapeRules } from './rule.ts';

/** The tensor that a Constant node states; null for sparse ones. */
function statedTensor(attributes: AttributesOf<'Constant'>): Tensor | null {
  const { value, value_float, value_floats, value_int, value_ints, value_string, value_strings } = attributes;
  if (value) return value;
  if (value_float !== undefined) return scalar(value_float);
  if (value_floats) return floats([value_floats.length], value_floats);
  if (value_int !== undefined) return scalar(value_int, 'int64');
  if (value_ints) return int64s(value_ints);
  if (value_string !== undefined) return makeTensor('string', [], [value_string]);
  return value_strings ? makeTensor('string', [value_strings.length], value_strings) : null;
}

function dimensions(call: ShapeCall<'Shape'>): readonly Dim[] | null {
  const shape = shapeOf(call, 0);
  const { start, end } = call.attributes;
  return shape?.slice(start, end ?? shape.length) ?? null;
}

function filledShape(call: Call): Shape | null {
  requiredInput(call.node, 0);
  const contents = call.contents(0);
  return contents ? shapeFrom(call.node, contents) : shapeOfUnknownContents(call, 0);
}

function filledContents(shape: Shape | null, value: Tensor | undefined): readonly Dim[] | null {
  const [size = 1] = shape ?? [];
  if (!shape || shape.length > 1 || typeof size !== 'number' || size > LONGEST_CONTENTS) return null;
  const element = value ? Number(value.data[0]) : 0;
  return Number.isFinite(element) ? new Array<Dim>(size).fill(element) : null;
}

function range(call: Call): { readonly shape: Shape; readonly contents: readonly Dim[] | null } {
  const [start, limit, delta] = [0, 1, 2].map((index) => call.contents(index)?.[0] ?? null);
  if (delta === 0) throw misfit(call.node, 'expected a delta other than 0, got 0');
  if (typeof start !== 'number' || typeof limit !== 'number' || typeof delta !== 'number') {
    // Range(0, N, 1) has N elements.
    return { shape: [start === 0 && delta === 1 && limit !== undefined ? limit : null], contents: null };
  }
  const count = sizeOf(call.node, Math.max(0, Math.ceil((limit - start) / delta)));
  const followed = count <= LONGEST_CONTENTS;
  return {
    shape: [count],
    contents: followed ? Array.from({ length: count }, (_, i) => start + i * delta) : null,
  };
}

/** Constants, and what only looks at shapes. */
export const constantShapes = {
  Constant: ({ attributes }) => {
    const tensor = statedTensor(attributes);
    return [tensor ? { dtype: tensor.dtype, shape: tensor.shape, tensor } : { dtype: null, shape: null }];
  },
  ConstantOfShape: (call) => {
    const { value } = call.attributes;
    const shape = filledShape(call);
    return [{ dtype: value?.dtype ?? 'float32', shape, contents: filledContents(shape, value) }];
  },
  Shape: (call) => {
    const contents = dimensions(call);
    return [{ dtype: 'int64', shape: [contents?.length ?? null], contents }];
  },
  Size: (call) => {
    const shape = shapeOf(call, 0);
    return [{ dtype: 'int64', shape: [], contents: shape && [product(call.node, shape)] }];
  },
  Range: (call) => [{ dtype: requiredInput(call.node, 0).dtype, ...range(call) }],
} satisfies Partial<ShapeRules<OperatorName>>;
