import { type Dim, requiredInput, type Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { axisOf, misfit, shapeOf, unknownDims } from './dims.ts';
import { elementType } from './element-types.ts';
import { sameType } from './elementwise.ts';
import type { Call, ShapeCall, ShapeRules } from './rule.ts';

function gathered(call: ShapeCall<'Gather'>): Shape | null {
  const data = shapeOf(call, 0, [1, Number.POSITIVE_INFINITY]);
  const indices = shapeOf(call, 1);
  if (!data || !indices) return null;
  const axis = axisOf(call.node, call.attributes.axis, data.length);
  return [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)];
}

function gatheredContents(call: Call): readonly Dim[] | null {
  const data = call.contents(0);
  const indices = call.contents(1);
  if (!data || !indices || call.inputs[0]?.shape?.length !== 1) return null;
  return indices.map((index) => {
    if (typeof index !== 'number') return null;
    return data[axisOf(call.node, index, data.length)]!;
  });
}

function gatheredND(call: ShapeCall<'GatherND'>): Shape | null {
  const data = shapeOf(call, 0, [1, Number.POSITIVE_INFINITY]);
  const indices = shapeOf(call, 1, [1, Number.POSITIVE_INFINITY]);
  const depth = indices?.at(-1);
  if (!data || !indices || typeof depth !== 'number') return null;
  const { batch_dims: batch } = call.attributes;
  if (batch + depth > data.length) {
    throw misfit(call.node, `expected indices of at most ${data.length - batch} dimensions, got ${depth}`);
  }
  return [...indices.slice(0, -1), ...data.slice(batch + depth)];
}

function oneHot(call: ShapeCall<'OneHot'>): Shape | null {
  const indices = shapeOf(call, 0);
  if (!indices) return null;
  const axis = axisOf(call.node, call.attributes.axis, indices.length + 1);
  const [depth = null] = call.contents(1) ?? [];
  return [...indices.slice(0, axis), depth, ...indices.slice(axis)];
}

/** Operators that pick and place elements. */
export const indexingShapes = {
  Gather: (call) => {
    const shape = gathered(call);
    const contents = shape && shape.length <= 1 ? gatheredContents(call) : null;
    return [{ dtype: requiredInput(call.node, 0).dtype, shape, contents }];
  },
  GatherElements: (call) => [{ dtype: requiredInput(call.node, 0).dtype, shape: shapeOf(call, 1) }],
  GatherND: (call) => [{ dtype: requiredInput(call.node, 0).dtype, shape: gatheredND(call) }],
  ScatterElements: sameType,
  ScatterND: sameType,
  OneHot: (call) => [{ dtype: requiredInput(call.node, 2).dtype, shape: oneHot(call) }],
  NonZero: (call) => {
    const rank = shapeOf(call, 0)?.length ?? null;
    // A scalar counts as a vector of one element.
    return [{ dtype: 'int64', shape: rank === null ? unknownDims(2) : [Math.max(1, rank), null] }];
  },
  EyeLike: ({ node, attributes }) => {
    const { dtype, shape } = requiredInput(node, 0);
    return [{ dtype: elementType(attributes.dtype) ?? dtype, shape }];
  },
  Trilu: sameType,
} satisfies Partial<ShapeRules<OperatorName>>;
