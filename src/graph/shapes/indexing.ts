import type { Dim, Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { axisOf, misfit, shapeOfLeastRank, unknownDims } from './dims.ts';
import { elementType } from './element-types.ts';
import { sameType } from './elementwise.ts';
import type { ShapeCall, ShapeRules } from './rule.ts';

function gathered(call: ShapeCall<'Gather'>): Shape | null {
  const data = shapeOfLeastRank(call.node, call.inputs.x, 1);
  const indices = call.inputs.indices.shape;
  if (!data || !indices) return null;
  const axis = axisOf(call.node, call.attributes.axis, data.length);
  return [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)];
}

function gatheredContents(call: ShapeCall<'Gather'>): readonly Dim[] | null {
  const { x } = call.inputs;
  const data = call.contents(x);
  const indices = call.contents(call.inputs.indices);
  if (!data || !indices || x.shape?.length !== 1) return null;
  return indices.map((index) => {
    if (typeof index !== 'number') return null;
    return data[axisOf(call.node, index, data.length)] ?? null;
  });
}

function gatheredND(call: ShapeCall<'GatherND'>): Shape | null {
  const data = shapeOfLeastRank(call.node, call.inputs.x, 1);
  const indices = shapeOfLeastRank(call.node, call.inputs.indices, 1);
  const depth = indices?.at(-1);
  if (!data || !indices || typeof depth !== 'number') return null;
  const { batch_dims: batch } = call.attributes;
  if (batch + depth > data.length) {
    throw misfit(call.node, `expected indices of at most ${data.length - batch} dimensions, got ${depth}`);
  }
  return [...indices.slice(0, -1), ...data.slice(batch + depth)];
}

function oneHot(call: ShapeCall<'OneHot'>): Shape | null {
  const indices = call.inputs.indices.shape;
  if (!indices) return null;
  const axis = axisOf(call.node, call.attributes.axis, indices.length + 1);
  const [depth = null] = call.contents(call.inputs.depth) ?? [];
  return [...indices.slice(0, axis), depth, ...indices.slice(axis)];
}

/** Operators that select and scatter elements. */
export const indexingShapes = {
  Gather: (call) => {
    const shape = gathered(call);
    const contents = shape && shape.length <= 1 ? gatheredContents(call) : null;
    return [{ dtype: call.inputs.x.dtype, shape, contents }];
  },
  GatherElements: ({ inputs: { x, indices } }) => [{ dtype: x.dtype, shape: indices.shape }],
  GatherND: (call) => [{ dtype: call.inputs.x.dtype, shape: gatheredND(call) }],
  ScatterElements: sameType,
  ScatterND: sameType,
  OneHot: (call) => [{ dtype: call.inputs.values.dtype, shape: oneHot(call) }],
  NonZero: ({ inputs: { x } }) => {
    const rank = x.shape?.length ?? null;
    // A scalar is treated as a vector of one element.
    return [{ dtype: 'int64', shape: rank === null ? unknownDims(2) : [Math.max(1, rank), null] }];
  },
  EyeLike: ({ inputs: { x }, attributes }) => [
    { dtype: elementType(attributes.dtype) ?? x.dtype, shape: x.shape },
  ],
  Trilu: sameType,
} satisfies Partial<ShapeRules<OperatorName>>;
