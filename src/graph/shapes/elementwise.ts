import { type Dim, requiredInput } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { type Compute, mapContents, unaryArithmetic } from './contents.ts';
import { checkStretches } from './dims.ts';
import { elementType } from './element-types.ts';
import type { Call, Inferred, ShapeCall, ShapeRules } from './rule.ts';

/** y has the type of the first input. */
export const sameType = ({ node }: Call): Inferred[] => {
  const { dtype, shape } = requiredInput(node, 0);
  return [{ dtype, shape }];
};

const unary = (compute: (a: number) => number) => (call: Call) => {
  const { dtype, shape } = requiredInput(call.node, 0);
  return [{ dtype, shape, contents: mapContents(call, unaryArithmetic(compute)) }];
};

const test = ({ node }: Call): Inferred[] => [{ dtype: 'bool', shape: requiredInput(node, 0).shape }];

/** Bounds were attributes until opset 6; from 11 on they are inputs, either of which may be left out. */
function clipped(call: ShapeCall<'Clip'>): Inferred[] {
  const { dtype, shape } = requiredInput(call.node, 0);
  const bound = (at: number, given: number | undefined) => (call.inputs[at] ? call.contents(at)?.[0] : given);
  const [min, max] = [bound(1, call.attributes.min ?? -Infinity), bound(2, call.attributes.max ?? Infinity)];
  if (typeof min !== 'number' || typeof max !== 'number') return [{ dtype, shape }];
  const elements = call.elements(0);
  const clip = unaryArithmetic((a) => Math.min(Math.max(a, min), max));
  return [{ dtype, shape, contents: elements?.map((element) => clip(element)) ?? null }];
}

/** Functions of one element, and of one element and parameters that leave the shape alone. */
export const unaryShapes = {
  Abs: unary(Math.abs),
  Neg: unary((a) => -a),
  Sign: unary(Math.sign),
  Exp: sameType,
  Log: sameType,
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((a) => 1 / a),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: sameType,
  Erf: sameType,
  Sin: sameType,
  Cos: sameType,
  Tan: sameType,
  Asin: sameType,
  Acos: sameType,
  Atan: sameType,
  Sinh: sameType,
  Cosh: sameType,
  Asinh: sameType,
  Acosh: sameType,
  Atanh: sameType,
  Not: unary((a) => Number(!a)),
  IsNaN: test,
  IsInf: test,
  Relu: sameType,
  Sigmoid: sameType,
  Tanh: sameType,
  Softplus: sameType,
  Softsign: sameType,
  HardSwish: sameType,
  Mish: sameType,
  LeakyRelu: sameType,
  Elu: sameType,
  Celu: sameType,
  Selu: sameType,
  ThresholdedRelu: sameType,
  HardSigmoid: sameType,
  Gelu: sameType,
  Shrink: sameType,
  Clip: clipped,
  BitwiseNot: sameType,
  PRelu: ({ node }) => {
    const { dtype, shape } = requiredInput(node, 0);
    checkStretches(node, 'a slope', [shape, requiredInput(node, 1).shape]);
    return [{ dtype, shape }];
  },
  Identity: (call) => {
    const { dtype, shape } = requiredInput(call.node, 0);
    return [{ dtype, shape, contents: call.contents(0) }];
  },
  Cast: (call) => {
    const { shape } = requiredInput(call.node, 0);
    const dtype = elementType(call.attributes.to);
    return [{ dtype, shape, contents: mapContents(call, castTo(dtype)) }];
  },
  CastLike: ({ node }) => [{ dtype: requiredInput(node, 1).dtype, shape: requiredInput(node, 0).shape }],
  Dropout: ({ node }) => {
    const { dtype, shape } = requiredInput(node, 0);
    return [
      { dtype, shape },
      { dtype: 'bool', shape },
    ];
  },
} satisfies Partial<ShapeRules<OperatorName>>;

/** Truncation towards integers, truth for bool; symbols are integers and stay, but for bool. */
function castTo(dtype: string | null): Compute {
  if (dtype === 'bool') return unaryArithmetic((a) => Number(a !== 0));
  if (dtype?.startsWith('float')) return (a: Dim = null) => a;
  return (a: Dim = null) => (typeof a === 'number' ? Math.trunc(a) : a);
}
