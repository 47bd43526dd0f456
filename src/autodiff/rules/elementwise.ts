import type { OperatorName } from '../../graph/operators/index.ts';
import { elementTypes } from '../../graph/shapes/element-types.ts';
import { number } from '../append.ts';
import { refusal } from '../call.ts';
import type { GradientRows, GradientRule } from '../rule.ts';

/** Casts to the element type of the input. Integers have no gradient. */
const castBack: GradientRule<'Cast' | 'CastLike'> = ({ inputs: { x } }, [dy], g) => [
  g.Cast(dy, { to: elementTypes.indexOf(x.dtype) }),
  null,
];

/** Elementwise functions of one tensor, with y = f(x) in each comment. */
export const elementwiseGradients = {
  Identity: (_, [dy]) => [dy],
  Cast: castBack,
  CastLike: castBack,
  /** In inference mode y = x; the training form multiplies by a mask instead of using Dropout. */
  Dropout: ({ node, inputs: { trainingMode } }, [dy]) => {
    if (trainingMode && trainingMode.tensor?.data[0] !== 0)
      throw refusal(node, 'has a gradient only outside training mode');
    return [dy, null, null];
  },
  Abs: ({ inputs: { x } }, [dy], g) => [g.Mul(dy, g.Sign(x))],
  Neg: (_, [dy], g) => [g.Neg(dy)],
  Sign: 'none',
  Floor: 'none',
  Ceil: 'none',
  Round: 'none',
  Not: 'none',
  BitwiseNot: 'none',
  IsNaN: 'none',
  IsInf: 'none',
  Exp: ({ outputs: [y] }, [dy], g) => [g.Mul(dy, y)],
  Log: ({ inputs: { x } }, [dy], g) => [g.Div(dy, x)],
  /** y′ = 1/(2y). */
  Sqrt: ({ outputs: [y] }, [dy], g) => [g.Div(dy, g.Add(y, y))],
  /** y′ = −1/x² = −y². */
  Reciprocal: ({ outputs: [y] }, [dy], g) => [g.Neg(g.Mul(dy, g.Mul(y, y)))],
  /** y′ = 2/√π·e^(−x²). */
  Erf: ({ inputs: { x } }, [dy], g) => [
    g.Mul(dy, g.Mul(g.Exp(g.Neg(g.Mul(x, x))), number(g, 2 / Math.sqrt(Math.PI), x))),
  ],
  Sin: ({ inputs: { x } }, [dy], g) => [g.Mul(dy, g.Cos(x))],
  Cos: ({ inputs: { x } }, [dy], g) => [g.Neg(g.Mul(dy, g.Sin(x)))],
  /** y′ = 1 + tan²x = 1 + y². */
  Tan: ({ outputs: [y] }, [dy], g) => [g.Mul(dy, g.Add(g.Mul(y, y), number(g, 1, y)))],
  /** y′ = 1/√(1 − x²). */
  Asin: ({ inputs: { x } }, [dy], g) => [g.Div(dy, g.Sqrt(g.Sub(number(g, 1, x), g.Mul(x, x))))],
  /** y′ = −1/√(1 − x²). */
  Acos: ({ inputs: { x } }, [dy], g) => [g.Neg(g.Div(dy, g.Sqrt(g.Sub(number(g, 1, x), g.Mul(x, x)))))],
  /** y′ = 1/(1 + x²). */
  Atan: ({ inputs: { x } }, [dy], g) => [g.Div(dy, g.Add(g.Mul(x, x), number(g, 1, x)))],
  Sinh: ({ inputs: { x } }, [dy], g) => [g.Mul(dy, g.Cosh(x))],
  Cosh: ({ inputs: { x } }, [dy], g) => [g.Mul(dy, g.Sinh(x))],
  /** y′ = 1/√(x² + 1). */
  Asinh: ({ inputs: { x } }, [dy], g) => [g.Div(dy, g.Sqrt(g.Add(g.Mul(x, x), number(g, 1, x))))],
  /** y′ = 1/√(x² − 1). */
  Acosh: ({ inputs: { x } }, [dy], g) => [g.Div(dy, g.Sqrt(g.Sub(g.Mul(x, x), number(g, 1, x))))],
  /** y′ = 1/(1 − x²). */
  Atanh: ({ inputs: { x } }, [dy], g) => [g.Div(dy, g.Sub(number(g, 1, x), g.Mul(x, x)))],
} satisfies Partial<GradientRows<OperatorName>>;
