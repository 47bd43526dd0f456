import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { OperatorCall } from '../../graph/operators/call.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { reducedAxes } from '../../graph/reduced-axes.ts';
import { elementTypes } from '../../graph/shapes/element-types.ts';
import { elementCount } from '../../numeric/tensor.ts';
import { number, reshape, zeros } from '../append.ts';
import { dims, fixedNumbers } from '../call.ts';
import type { GradientRows, GradientRule } from '../rule.ts';

interface Extremes {
  readonly x: Value;
  /** The extremes, with reduced axes of size 1. */
  readonly y: Value;
  readonly axes: Value;
}

/** dy at the elements of x that are equal to y, divided by their number. */
export function atExtremes(g: Builder, { x, y, axes }: Extremes, dy: Value): Value {
  const attains = g.Cast(g.Equal(x, y), { to: elementTypes.indexOf(x.dtype) });
  return g.Mul(attains, g.Div(dy, g.ReduceSum(attains, axes, { keepdims: 1, noop_with_empty_axes: 1 })));
}

type Reduction =
  | 'ReduceSum'
  | 'ReduceMean'
  | 'ReduceMax'
  | 'ReduceMin'
  | 'ReduceL1'
  | 'ReduceL2'
  | 'ReduceSumSquare'
  | 'ReduceLogSum'
  | 'ReduceLogSumExp';

/** The operands of a reduction, with reduced axes of size 1 in y and dy. */
interface Kept {
  readonly x: Value;
  readonly y: Value;
  readonly dy: Value;
  readonly axes: readonly number[];
}

/** A rule with y and dy broadcast to x; it computes dx with x's shape. */
const reduction =
  (rule: (g: Builder, kept: Kept) => Value): GradientRule<Reduction> =>
  (call, [dy], g) => {
    const { x } = call.inputs;
    const axes = axesOf(call);
    const shape = dims(x).map((size, axis) => (axes.includes(axis) ? 1 : size));
    const [y, gradient] = [reshape(g, call.outputs[0], shape), reshape(g, dy, shape)];
    return [rule(g, { x, y, dy: gradient, axes }), null];
  };

const axesOf = (call: OperatorCall<Reduction>): number[] =>
  reducedAxes(call.attributes, call.inputs.axes, dims(call.inputs.x).length) ?? fixedNumbers(call, 'axes');

const stretch = (g: Builder, value: Value, x: Value): Value => g.Expand(value, g.int64s(dims(x)));

const extreme = reduction((g, { x, y, dy, axes }) => atExtremes(g, { x, y, axes: g.int64s(axes) }, dy));

/** Reductions and cumulative operators. */
export const reductionGradients = {
  ReduceSum: reduction((g, { x, dy }) => stretch(g, dy, x)),
  ReduceMean: reduction((g, { x, dy, axes }) => {
    const count = elementCount(dims(x).filter((_, axis) => axes.includes(axis)));
    return stretch(g, g.Mul(dy, number(g, 1 / count, dy)), x);
  }),
  ReduceMax: extreme,
  ReduceMin: extreme,
  /** y = Σ|x|. */
  ReduceL1: reduction((g, { x, dy }) => g.Mul(g.Sign(x), dy)),
  /** y = √Σx²: y′ = x/y. */
  ReduceL2: reduction((g, { x, y, dy }) => g.Mul(x, g.Div(dy, y))),
  /** y = Σx²: y′ = 2x. */
  ReduceSumSquare: reduction((g, { x, dy }) => g.Mul(x, g.Add(dy, dy))),
  /** y = ln Σx: y′ = 1/Σx = e⁻ʸ. */
  ReduceLogSum: reduction((g, { x, y, dy }) => stretch(g, g.Mul(dy, g.Exp(g.Neg(y))), x)),
  /** y = ln Σeˣ: y′ = e^(x − y). */
  ReduceLogSumExp: reduction((g, { x, y, dy }) => g.Mul(g.Exp(g.Sub(x, y)), dy)),
  ReduceProd: 'unsupported',
  ArgMax: 'none',
  ArgMin: 'none',
  /** The cumulative sum in the opposite direction. */
  CumSum: ({ inputs: { axis }, attributes: { exclusive, reverse } }, [dy], g) => [
    g.CumSum(dy, axis, { exclusive, reverse: reverse ? 0 : 1 }),
    null,
  ],
  TopK: ({ inputs: { x }, outputs: [, indices], attributes: { axis } }, [dy], g) => [
    dy ? g.ScatterElements(zeros(g, dims(x), x), indices, dy, { axis }) : null,
    null,
  ],
} satisfies Partial<GradientRows<OperatorName>>;
