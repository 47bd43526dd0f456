import { floats, int64s, makeTensor, scalar, type Tensor } from '../../numeric/tensor.ts';
import type { Dim, Shape, Value } from '../graph.ts';
import type { AttributesOf, OperatorName } from '../operators/index.ts';
import { misfit, product, shapeFrom, shapeOfUnknownContents, sizeOf } from './dims.ts';
import { type Inferred, LONGEST_CONTENTS, type ShapeCall, type ShapeRules } from './rule.ts';

/** The tensor of a Constant node; null for sparse ones. */
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
  const { shape } = call.inputs.x;
  const { start, end } = call.attributes;
  return shape?.slice(start, end ?? shape.length) ?? null;
}

function filledShape(call: ShapeCall<'ConstantOfShape'>): Shape | null {
  const { shape } = call.inputs;
  const contents = call.contents(shape);
  return contents ? shapeFrom(call.node, contents) : shapeOfUnknownContents(shape);
}

function filledContents(shape: Shape | null, value: Tensor | undefined): readonly Dim[] | null {
  const [size = 1] = shape ?? [];
  if (!shape || shape.length > 1 || typeof size !== 'number' || size > LONGEST_CONTENTS) return null;
  const element = value ? Number(value.data[0]) : 0;
  return Number.isFinite(element) ? new Array<Dim>(size).fill(element) : null;
}

function range(call: ShapeCall<'Range'>): Pick<Inferred, 'shape' | 'contents'> {
  const number = (input: Value) => call.contents(input)?.[0] ?? null;
  const { inputs } = call;
  const [start, limit, delta] = [number(inputs.start), number(inputs.limit), number(inputs.delta)];
  if (delta === 0) throw misfit(call.node, 'expected a delta other than 0, got 0');
  if (typeof start !== 'number' || typeof limit !== 'number' || typeof delta !== 'number') {
    // Range(0, N, 1) has N elements.
    return { shape: [start === 0 && delta === 1 ? limit : null], contents: null };
  }
  const count = sizeOf(call.node, Math.max(0, Math.ceil((limit - start) / delta)));
  const followed = count <= LONGEST_CONTENTS;
  return {
    shape: [count],
    contents: followed ? Array.from({ length: count }, (_, i) => start + i * delta) : null,
  };
}

/** Constants, and operators that only read shapes. */
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
  Size: ({ node, inputs: { x } }) => [
    { dtype: 'int64', shape: [], contents: x.shape && [product(node, x.shape)] },
  ],
  Range: (call) => [{ dtype: call.inputs.start.dtype, ...range(call) }],
} satisfies Partial<ShapeRules<OperatorName>>;
