import type { GivenAttributesOf, OperatorName } from '../../../src/graph/operators/index.ts';
import type { Domain, GradientCase } from '../gradient-check.ts';

type Row = readonly [op: OperatorName, domain: Domain, attributes?: Record<string, unknown>, opset?: number];

const rows: readonly Row[] = [
  ['Identity', 'any'],
  ['Abs', 'away-from-zero'],
  ['Neg', 'any'],
  ['Exp', 'any'],
  ['Log', 'positive'],
  ['Sqrt', 'positive'],
  ['Reciprocal', 'positive'],
  ['Erf', 'any'],
  ['Sin', 'any'],
  ['Cos', 'any'],
  ['Tan', 'inside-one'],
  ['Asin', 'inside-one'],
  ['Acos', 'inside-one'],
  ['Atan', 'any'],
  ['Sinh', 'any'],
  ['Cosh', 'any'],
  ['Asinh', 'any'],
  ['Acosh', 'above-one'],
  ['Atanh', 'inside-one'],
  ['Relu', 'away-from-zero'],
  ['Sigmoid', 'any'],
  ['Tanh', 'any'],
  ['Softplus', 'any'],
  ['Softsign', 'any'],
  ['Mish', 'any'],
  ['SwishTraining', 'any'],
  ['GeluTraining', 'any'],
  ['LeakyRelu', 'away-from-zero', { alpha: 0.3 }],
  ['Elu', 'away-from-zero', { alpha: 0.7 }],
  ['Celu', 'away-from-zero', { alpha: 0.7 }],
  ['Selu', 'away-from-zero'],
  ['ThresholdedRelu', 'distinct', { alpha: 0.1 }],
  ['HardSigmoid', 'distinct', { alpha: 0.5, beta: 0.5 }],
  ['Gelu', 'any', { approximate: 'none' }, 20],
  ['Gelu', 'any', { approximate: 'tanh' }, 20],
  ['Shrink', 'distinct', { lambd: 0.3, bias: 0.1 }],
  ['Softmax', 'any', { axis: 1 }],
  ['Softmax', 'any', { axis: 0 }],
  ['LogSoftmax', 'any'],
  ['LogSoftmax', 'any', { axis: -2 }],
  ['MeanVarianceNormalization', 'any', { axes: [0, 2] }],
  ['Flatten', 'any', { axis: 2 }],
  ['Transpose', 'any', { perm: [1, 2, 0] }],
  ['Transpose', 'any'],
  ['Concat', 'any', { axis: -1 }],
];

/** Functions of one tensor. */
export const elementwiseCases: readonly GradientCase[] = [
  ...rows.map(
    ([op, domain, attributes = {}, opset]): GradientCase => ({
      op,
      title: JSON.stringify(attributes),
      shapes: [[4, 3, 5]],
      domains: [domain],
      ...(opset ? { opset } : {}),
      build: (g, [x]) => g.node(op, [x!], attributes as GivenAttributesOf<typeof op>, 1)[0]!,
    }),
  ),
  {
    op: 'Clip',
    shapes: [[60]],
    domains: ['distinct'],
    build: (g, [x]) => g.Clip(x, g.floats(-0.7), g.floats(0.6)),
  },
  { op: 'Clip', title: 'no lower bound', shapes: [[60]], domains: ['distinct'], build: clipAbove },
  {
    op: 'HardSwish',
    shapes: [[60]],
    domains: ['distinct'],
    build: (g, [x]) => g.HardSwish(g.Mul(x, g.floats(4))),
  },
  { op: 'Cast', shapes: [[6]], build: (g, [x]) => g.Cast(g.Cast(x, { to: 11 }), { to: 1 }) },
  {
    op: 'CastLike',
    shapes: [[6], [2]],
    build: (g, [x, like]) => g.CastLike(g.Cast(x, { to: 11 }), like),
  },
  { op: 'Dropout', title: 'at inference', shapes: [[6]], build: (g, [x]) => g.Dropout(x, g.floats(0.5)) },
  {
    op: 'PRelu',
    title: 'a slope a channel',
    shapes: [
      [2, 3, 4],
      [3, 1],
    ],
    domains: ['away-from-zero', 'any'],
    build: (g, [x, slope]) => g.PRelu(x, slope),
  },
];

function clipAbove(...[g, [x]]: Parameters<GradientCase['build']>) {
  return g.Clip(x, null, g.floats(0.6));
}
