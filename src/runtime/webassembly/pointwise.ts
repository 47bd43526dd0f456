import type { Node } from '../../graph/graph.ts';
import { attributesOf, knownOperator, type OperatorName } from '../../graph/operators/index.ts';
import type { Emitter } from './emitter.ts';
import type { Code, Local } from './encoder/code.ts';
import type { Expression, Operation } from './expression.ts';
import { pushExpression } from './push-expression.ts';

/** The context in which the code of one elementwise operator is written. */
export interface PointwiseCall {
  readonly code: Code;
  readonly emitter: Emitter;
  readonly node: Node;
  /** The operands in the operator's order; null for a missing optional input. */
  readonly operands: readonly (Local<'v128'> | null)[];
}

type Vector = Local<'v128'>;

/** The result as an expression of operands x, y, …; y is x for an operator with one operand. */
type PointwiseRule = (
  x: Vector,
  y: Vector,
  call: { readonly node: Node; readonly operands: readonly (Vector | null)[] },
) => Expression;

type Operator = Operation[0];

const unary =
  (operation: Operator): PointwiseRule =>
  (x) => [operation, x];
const binary =
  (operation: Operator): PointwiseRule =>
  (x, y) => [operation, x, y];
/** Variadic: folded from the left. */
const folded =
  (operation: Operator): PointwiseRule =>
  (x, _, { operands }) =>
    operands.slice(1).reduce<Expression>((all, operand) => (operand ? [operation, all, operand] : all), x);

/** x if x ≥ 0, else `negative`. */
const whereNegative = (x: Vector, negative: Expression): Expression => [
  'select',
  x,
  negative,
  ['atLeast', x, 0],
];
/** α·(e^(x / β) − 1) for negative x; positive x are clamped to 0. */
const exponential = (x: Vector, [alpha, beta]: readonly [number, number]): Expression => [
  'mul',
  ['sub', ['exp', ['div', ['min', x, 0], beta]], 1],
  alpha,
];
const hardSigmoid = (x: Vector, [alpha, beta]: readonly [number, number]): Expression => [
  'min',
  ['max', ['add', ['mul', x, alpha], beta], 0],
  1,
];

const pointwiseRules: { readonly [Op in OperatorName]?: PointwiseRule } = {
  Add: binary('add'),
  Sub: binary('sub'),
  Mul: binary('mul'),
  Div: binary('div'),
  Max: folded('max'),
  Min: folded('min'),
  Sum: folded('add'),
  Abs: unary('abs'),
  Neg: unary('neg'),
  Sqrt: unary('sqrt'),
  Floor: unary('floor'),
  Ceil: unary('ceil'),
  Round: unary('nearest'),
  Exp: unary('exp'),
  Log: unary('log'),
  Sin: unary('sin'),
  Cos: unary('cos'),
  Sigmoid: unary('sigmoid'),
  Tanh: unary('tanh'),
  Erf: unary('erf'),
  Sign: (x) => ['sub', ['and', 1, ['greater', x, 0]], ['and', 1, ['less', x, 0]]],
  Reciprocal: (x) => ['div', 1, x],
  Pow: (x, exponent, { node }) => power(x, { exponent, constant: constantOf(node, 1) }),
  Relu: (x) => ['max', x, 0],
  Clip: (x, _, { operands: [, low, high] }) => {
    const raised: Expression = low ? ['max', x, low] : x;
    return high ? ['min', raised, high] : raised;
  },
  LeakyRelu: (x, _, { node }) => whereNegative(x, ['mul', x, attributesOf(node, 'LeakyRelu').alpha]),
  PRelu: (x, slope) => whereNegative(x, ['mul', x, slope]),
  Elu: (x, _, { node }) => whereNegative(x, exponential(x, [attributesOf(node, 'Elu').alpha, 1])),
  Celu: (x, _, { node }) => {
    const { alpha } = attributesOf(node, 'Celu');
    return whereNegative(x, exponential(x, [alpha, alpha]));
  },
  Selu: (x, _, { node }) => {
    const { alpha, gamma } = attributesOf(node, 'Selu');
    return ['mul', whereNegative(x, exponential(x, [alpha, 1])), gamma];
  },
  ThresholdedRelu: (x, _, { node }) => [
    'and',
    x,
    ['greater', x, attributesOf(node, 'ThresholdedRelu').alpha],
  ],
  Softplus: (x) => ['add', ['max', x, 0], ['log', ['add', ['exp', ['neg', ['abs', x]]], 1]]],
  Softsign: (x) => ['div', x, ['add', ['abs', x], 1]],
  Shrink: (x, _, { node }) => {
    const { bias, lambd } = attributesOf(node, 'Shrink');
    return [
      'or',
      ['and', ['sub', x, bias], ['greater', x, lambd]],
      ['and', ['add', x, bias], ['less', x, -lambd]],
    ];
  },
  HardSigmoid: (x, _, { node }) => {
    const { alpha, beta } = attributesOf(node, 'HardSigmoid');
    return hardSigmoid(x, [alpha, beta]);
  },
  HardSwish: (x) => ['mul', x, hardSigmoid(x, [1 / 6, 0.5])],
  /** x·tanh(ln(1 + eˣ)) = x·(n² + 2n) / (n² + 2n + 2) with n = eˣ; x itself from 20 on, in float32. */
  Mish: (x) => ({
    value: ['exp', ['min', x, 20]],
    within: (n) => ({
      value: ['mul', n, ['add', n, 2]],
      within: (ratio) => ['mul', x, ['div', ratio, ['add', ratio, 2]]],
    }),
  }),
  Gelu: (x, _, { node }) => [
    'mul',
    ['mul', x, 0.5],
    [
      'add',
      attributesOf(node, 'Gelu').approximate === 'tanh' ? tanhOfGelu(x) : ['erf', ['mul', x, Math.SQRT1_2]],
      1,
    ],
  ],
  Identity: (x) => x,
};

const tanhOfGelu = (x: Vector): Expression => [
  'tanh',
  ['mul', ['mul', x, Math.sqrt(2 / Math.PI)], ['add', ['mul', ['mul', x, x], 0.044715], 1]],
];

/** A negative base needs a constant integer exponent. */
function power(
  x: Vector,
  { exponent, constant }: { readonly exponent: Vector; readonly constant: number | null },
): Expression {
  if (constant === 0.5) return ['sqrt', x];
  if (constant === null || !Number.isInteger(constant) || Math.abs(constant) > 32)
    return ['exp', ['mul', ['log', x], exponent]];
  let product: Expression = 1;
  for (let i = 0; i < Math.abs(constant); i++) product = i === 0 ? x : ['mul', product, x];
  return constant < 0 ? ['div', 1, product] : product;
}

/** The value of an input that is a single constant number. */
function constantOf({ inputs }: Node, index: number): number | null {
  const tensor = inputs[index]?.tensor;
  return tensor?.data.length === 1 ? Number(tensor.data[0]) : null;
}

/** By operator: why a node cannot be computed by its rule. */
const refusals: { readonly [Op in OperatorName]?: (node: Node) => string | null } = {
  Pow: (node) => (constantOf(node, 1) === null ? 'its exponent is not a constant number' : null),
};

/** Why a node cannot be computed elementwise; null if it can. */
export function refusePointwise(node: Node): string | null {
  const op = knownOperator(node);
  return op && pointwiseRules[op] ? (refusals[op]?.(node) ?? null) : 'it has no kernel';
}

/** Writes the code of an elementwise operator, which leaves the result on the stack. */
export function writePointwise({ code, emitter, node, operands }: PointwiseCall): void {
  const op = knownOperator(node);
  const rule = op && pointwiseRules[op];
  const [x, y] = operands;
  if (!rule || !x) throw new Error(`${node.op} is not computed element by element`);
  pushExpression(code, emitter, rule(x, y ?? x, { node, operands }));
}
