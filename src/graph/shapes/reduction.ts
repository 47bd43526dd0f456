import type { DataType } from '../../numeric/tensor.ts';
import type { Dim, Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { believable } from './contents.ts';
import { axesOf, axisOf, unknownDims } from './dims.ts';
import { sameType } from './elementwise.ts';
import type { CallOnX, Inferred, ShapeCall, ShapeRules } from './rule.ts';

type Fold = (elements: readonly number[]) => number;

/**
 * The axes are an attribute or, in newer opsets, an input. Without axes all are reduced, or none if noop_with_empty_axes is
 * set.
 */
function reduced(call: ShapeCall<'ReduceSum'>, fold: Fold | null): Inferred[] {
  const { attributes, inputs } = call;
  const { dtype, shape } = inputs.x;
  const keepdims = attributes.keepdims !== 0;
  const axes = attributes.axes ?? (inputs.axes ? call.contents(inputs.axes) : []);
  if (!shape) return [{ dtype, shape }];
  if (!axes?.every((axis) => typeof axis === 'number')) {
    return [{ dtype, shape: keepdims ? unknownDims(shape.length) : null }];
  }
  const all = axes.length === 0 && !attributes.noop_with_empty_axes;
  const reducedAxes = all ? shape.map((_, axis) => axis) : axesOf(call.node, axes as number[], shape.length);
  if (reducedAxes.length === 0) return [{ dtype, shape, contents: call.contents(inputs.x) }];
  return [{ dtype, shape: withoutAxes(shape, reducedAxes, keepdims), contents: foldedContents(call, fold) }];
}

function withoutAxes(shape: Shape, axes: readonly number[], keepdims: boolean): Shape {
  return shape.flatMap((dim, axis): Dim[] => (!axes.includes(axis) ? [dim] : keepdims ? [1] : []));
}

/** Contents are vectors or scalars, so reducing any axis leaves one element. */
function foldedContents(call: CallOnX, fold: Fold | null): readonly Dim[] | null {
  const elements = call.contents(call.inputs.x);
  if (!fold || !elements?.every((element) => typeof element === 'number')) return null;
  return [believable(fold(elements as number[]))];
}

const reduction =
  (fold: Fold | null = null) =>
  (call: ShapeCall<'ReduceSum'>) =>
    reduced(call, fold);

/** Index of the extreme along one axis. */
function position(call: ShapeCall<'ArgMax'>): Inferred[] {
  const { shape } = call.inputs.x;
  const { axis, keepdims } = call.attributes;
  const dtype: DataType = 'int64';
  return [
    { dtype, shape: shape && withoutAxes(shape, [axisOf(call.node, axis, shape.length)], keepdims !== 0) },
  ];
}

/** Reductions and cumulative operators. */
export const reductionShapes = {
  ReduceSum: reduction((elements) => elements.reduce((a, b) => a + b, 0)),
  ReduceMean: reduction(),
  ReduceMax: reduction((elements) => Math.max(...elements)),
  ReduceMin: reduction((elements) => Math.min(...elements)),
  ReduceProd: reduction((elements) => elements.reduce((a, b) => a * b, 1)),
  ReduceL1: reduction(),
  ReduceL2: reduction(),
  ReduceSumSquare: reduction(),
  ReduceLogSum: reduction(),
  ReduceLogSumExp: reduction(),
  ArgMax: position,
  ArgMin: position,
  CumSum: sameType,
  TopK: (call) => {
    const { node, inputs, attributes } = call;
    const { dtype, shape } = inputs.x;
    const [count = null] = attributes.k === undefined ? (call.contents(inputs.k) ?? []) : [attributes.k];
    const along = shape && axisOf(node, attributes.axis, shape.length);
    const kept = shape?.map((dim, axis) => (axis === along ? count : dim)) ?? null;
    return [
      { dtype, shape: kept },
      { dtype: 'int64', shape: kept },
    ];
  },
} satisfies Partial<ShapeRules<OperatorName>>;
