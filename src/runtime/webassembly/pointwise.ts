import type { Node } from '../../graph/graph.ts';
import { attributesOf, knownOperator, type OperatorName } from '../../graph/operators/index.ts';
import type { Emitter } from './emitter.ts';
import type { Code, Local } from './encoder/code.ts';
import { callFunction } from './functions.ts';

/** Where the code of one element-by-element operator is written. */
export interface PointwiseCall {
  readonly code: Code;
  readonly emitter: Emitter;
  readonly node: Node;
  /** The operands, in the operator's order; null where an optional one is missing. */
  readonly operands: readonly (Local<'v128'> | null)[];
}

/** Writes code that leaves the result on the stack. */
type PointwiseRule = (call: PointwiseCall, x: Local<'v128'>, y: Local<'v128'>) => void;

const binary =
  (instruction: Parameters<Code['op']>[0]): PointwiseRule =>
  ({ code }, x, y) => {
    code.get(x);
    code.get(y);
    code.op(instruction);
  };
const unary =
  (instruction: Parameters<Code['op']>[0]): PointwiseRule =>
  ({ code }, x) => {
    code.get(x);
    code.op(instruction);
  };
const viaFunction =
  (name: Parameters<typeof callFunction>[2]): PointwiseRule =>
  ({ code, emitter }, x) => {
    code.get(x);
    callFunction(code, emitter, name);
  };

/** Variadic: folded from the left. */
const folded =
  (instruction: Parameters<Code['op']>[0]): PointwiseRule =>
  ({ code, operands }, x) => {
    code.get(x);
    for (const operand of operands.slice(1)) {
      if (!operand) continue;
      code.get(operand);
      code.op(instruction);
    }
  };

/** min(max(x·slope + shift, 0), 1). */
function hardSigmoid(code: Code, x: Local<'v128'>, [slope, shift]: readonly [number, number]): void {
  code.get(x);
  code.f32x4(slope);
  code.op('f32x4.mul');
  code.f32x4(shift);
  code.op('f32x4.add');
  code.f32x4(0);
  code.op('f32x4.pmax');
  code.f32x4(1);
  code.op('f32x4.pmin');
}

/** x where x ≥ 0, else x·slope; the slope is pushed by the caller. */
function leaky(code: Code, x: Local<'v128'>, pushSlope: () => void): void {
  code.get(x);
  code.get(x);
  pushSlope();
  code.op('f32x4.mul');
  code.get(x);
  code.f32x4(0);
  code.op('f32x4.ge');
  code.op('v128.bitselect');
}

const pointwiseRules: { readonly [Op in OperatorName]?: PointwiseRule } = {
  Add: binary('f32x4.add'),
  Sub: binary('f32x4.sub'),
  Mul: binary('f32x4.mul'),
  Div: binary('f32x4.div'),
  Max: folded('f32x4.pmax'),
  Min: folded('f32x4.pmin'),
  Sum: folded('f32x4.add'),
  Abs: unary('f32x4.abs'),
  Neg: unary('f32x4.neg'),
  Sqrt: unary('f32x4.sqrt'),
  Floor: unary('f32x4.floor'),
  Ceil: unary('f32x4.ceil'),
  Round: unary('f32x4.nearest'),
  Exp: viaFunction('exp'),
  Sigmoid: viaFunction('sigmoid'),
  Tanh: viaFunction('tanh'),
  Erf: viaFunction('erf'),
  Reciprocal: ({ code }, x) => {
    code.f32x4(1);
    code.get(x);
    code.op('f32x4.div');
  },
  Relu: ({ code }, x) => {
    code.get(x);
    code.f32x4(0);
    code.op('f32x4.pmax');
  },
  Clip: ({ code, operands: [, low, high] }, x) => {
    code.get(x);
    if (low) {
      code.get(low);
      code.op('f32x4.pmax');
    }
    if (high) {
      code.get(high);
      code.op('f32x4.pmin');
    }
  },
  LeakyRelu: ({ code, node }, x) => leaky(code, x, () => code.f32x4(attributesOf(node, 'LeakyRelu').alpha)),
  PRelu: ({ code }, x, slope) => leaky(code, x, () => code.get(slope)),
  HardSigmoid: ({ code, node }, x) => {
    const { alpha, beta } = attributesOf(node, 'HardSigmoid');
    hardSigmoid(code, x, [alpha, beta]);
  },
  HardSwish: ({ code }, x) => {
    hardSigmoid(code, x, [1 / 6, 0.5]);
    code.get(x);
    code.op('f32x4.mul');
  },
  Identity: ({ code }, x) => code.get(x),
};

/** Whether an operator is computed element by element, in float32. */
export const isPointwise = (node: Node): boolean => {
  const op = knownOperator(node);
  return op !== null && pointwiseRules[op] !== undefined;
};

/** Writes the code of an element-by-element operator; it leaves the result on the stack. */
export function writePointwise(call: PointwiseCall): void {
  const op = knownOperator(call.node);
  const rule = op && pointwiseRules[op];
  const [x, y] = call.operands;
  if (!rule || !x) throw new Error(`${call.node.op} is not computed element by element`);
  rule(call, x, y ?? x);
}
