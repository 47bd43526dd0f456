import type { Dim, Value } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { type Compute, mapContents, unaryArithmetic } from './contents.ts';
import { checkStretches } from './dims.ts';
import { elementType } from './element-types.ts';
import type { CallOnX, Inferred, ShapeCall, ShapeRules } from './rule.ts';

/** y has the type of the first input. */
export const sameType = ({ inputs: { x } }: CallOnX): Inferred[] => [{ dtype: x.dtype, shape: x.shape }];

const unary = (compute: (a: number) => number) => (call: CallOnX) => {
  const { dtype, shape } = call.inputs.x;
  return [{ dtype, shape, contents: mapContents(call, [call.inputs.x], unaryArithmetic(compute)) }];
};

const test = ({ inputs: { x } }: CallOnX): Inferred[] => [{ dtype: 'bool', shape: x.shape }];

/** The bounds are attributes up to opset 6; from opset 11 they are optional inputs. */
function clipped(call: ShapeCall<'Clip'>): Inferred[] {
  const { inputs, attributes } = call;
  const { dtype, shape } = inputs.x;
  const bound = (input: Value | null, given: number) => (input ? call.contents(input)?.[0] : given);
  const min = bound(inputs.min, attributes.min ?? -Infinity);
  const max = bound(inputs.max, attributes.max ?? Infinity);
  if (typeof min !== 'number' || typeof max !== 'number') return [{ dtype, shape }];
  const elements = call.elements(inputs.x);
  const clip = unaryArithmetic((a) => Math.min(Math.max(a, min), max));
  return [{ dtype, shape, contents: elements?.map((element) => clip(element)) ?? null }];
}

/** Elementwise functions of one tensor, possibly with parameters. */
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
  PRelu: ({ node, inputs: { x, slope } }) => {
    checkStretches(node, 'a slope', [x.shape, slope.shape]);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  Identity: (call) => {
    const { x } = call.inputs;
    return [{ dtype: x.dtype, shape: x.shape, contents: call.contents(x) }];
  },
  Cast: (call) => {
    const { x } = call.inputs;
    const dtype = elementType(call.attributes.to);
    return [{ dtype, shape: x.shape, contents: mapContents(call, [x], castTo(dtype)) }];
  },
  CastLike: ({ inputs: { x, target } }) => [{ dtype: target.dtype, shape: x.shape }],
  Dropout: ({ inputs: { x } }) => {
    const { dtype, shape } = x;
    return [
      { dtype, shape },
      { dtype: 'bool', shape },
    ];
  },
} satisfies Partial<ShapeRules<OperatorName>>;

/** Truncation to integers, comparison with 0 for bool. Symbols are integers and are kept, except for bool. */
function castTo(dtype: string | null): Compute {
  if (dtype === 'bool') return unaryArithmetic((a) => Number(a !== 0));
  if (dtype?.startsWith('float')) return (a: Dim = null) => a;
  return (a: Dim = null) => (typeof a === 'number' ? Math.trunc(a) : a);
}
