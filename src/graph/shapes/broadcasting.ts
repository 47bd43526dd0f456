import type { DataType } from '../../numeric/tensor.ts';
import type { Dim, Node, Value } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { arithmetic, type Compute, mapContents } from './contents.ts';
import { broadcast, misfit } from './dims.ts';
import type { Call, Inferred, ShapeRules } from './rule.ts';

/** A node whose inputs are all broadcast to one another. */
interface BroadcastCall extends Call {
  readonly inputs: Readonly<Record<string, Value | readonly Value[]>>;
}

const operands = ({ inputs }: BroadcastCall): Value[] => Object.values(inputs).flat();

/** The broadcast shape of all inputs, with element type `dtype`. */
function stretched(call: BroadcastCall, dtype: DataType | null, compute: Compute | null = null): Inferred[] {
  const inputs = operands(call);
  const shape = broadcast(
    call.node,
    inputs.map((input) => input.shape),
  );
  const followed = compute !== null && shape !== null && shape.length <= 1;
  return [{ dtype, shape, contents: followed ? mapContents(call, inputs, compute) : null }];
}

/** The common element type of the inputs. Throws if two known ones differ. */
function commonType(node: Node, inputs: readonly Value[]): DataType | null {
  let common: DataType | null = null;
  for (const { dtype, name } of inputs) {
    if (common && dtype && dtype !== common) {
      throw misfit(node, `expected ${name} of type ${common}, got ${dtype}`);
    }
    common ??= dtype;
  }
  return common;
}

const typeOf = (call: BroadcastCall) => commonType(call.node, operands(call));
const arithmeticOf = (compute: Compute) => (call: BroadcastCall) => stretched(call, typeOf(call), compute);
const untracked = (call: BroadcastCall) => stretched(call, typeOf(call));
const comparison = (compute: Compute) => (call: BroadcastCall) => {
  typeOf(call);
  return stretched(call, 'bool', compute);
};

const sameOrUnknown = (a: Dim, b: Dim): Dim => (a === b ? a : null);
const add = arithmetic(
  (a, b) => a + b,
  (a, b) => (a === 0 ? b : b === 0 ? a : null),
);
const subtract = arithmetic(
  (a, b) => a - b,
  (a, b) => (b === 0 ? a : a !== null && a === b ? 0 : null),
);
const multiply = arithmetic(
  (a, b) => a * b,
  (a, b) => (a === 0 || b === 0 ? 0 : a === 1 ? b : b === 1 ? a : null),
);
const divide = (integral: boolean) =>
  arithmetic(
    (a, b) => (integral ? Math.trunc(a / b) : a / b),
    (a, b) => (b === 1 ? a : null),
  );
/** Symbols represent dimensions, which are never negative. */
const equal = arithmetic(
  (a, b) => Number(a === b),
  (a, b) => (a !== null && a === b ? 1 : isNegative(a, b) || isNegative(b, a) ? 0 : null),
);
const isNegative = (a: Dim, b: Dim): boolean => typeof a === 'number' && a < 0 && typeof b === 'string';

const folded =
  (compute: Compute): Compute =>
  (first = null, ...rest) =>
    rest.reduce<Dim>((a, b) => compute(a, b), first);

const chosen: Compute = (condition = null, a = null, b = null) =>
  typeof condition === 'number' ? (condition ? a : b) : sameOrUnknown(a, b);

const isIntegral = ({ dtype }: Value): boolean => dtype?.includes('float') === false;

/** Elementwise functions of several tensors. */
export const broadcastShapes = {
  Add: arithmeticOf(add),
  Sub: arithmeticOf(subtract),
  Mul: arithmeticOf(multiply),
  Div: (call) => stretched(call, typeOf(call), divide(isIntegral(call.inputs.a))),
  Pow: (call) => stretched(call, call.inputs.x.dtype),
  Mod: (call) =>
    stretched(
      call,
      typeOf(call),
      arithmetic((a, b) => (call.attributes.fmod ? a % b : a - b * Math.floor(a / b))),
    ),
  Min: arithmeticOf(folded(arithmetic(Math.min, sameOrUnknown))),
  Max: arithmeticOf(folded(arithmetic(Math.max, sameOrUnknown))),
  Sum: arithmeticOf(folded(add)),
  Mean: untracked,
  And: comparison(arithmetic((a, b) => Number(a && b))),
  Or: comparison(arithmetic((a, b) => Number(a || b))),
  Xor: comparison(arithmetic((a, b) => Number(a !== b))),
  Equal: comparison(equal),
  Greater: comparison(arithmetic((a, b) => Number(a > b))),
  GreaterOrEqual: comparison(arithmetic((a, b) => Number(a >= b))),
  Less: comparison(arithmetic((a, b) => Number(a < b))),
  LessOrEqual: comparison(arithmetic((a, b) => Number(a <= b))),
  BitShift: (call) => stretched(call, call.inputs.a.dtype),
  BitwiseAnd: untracked,
  BitwiseOr: untracked,
  BitwiseXor: untracked,
  Where: (call) => stretched(call, commonType(call.node, [call.inputs.x, call.inputs.y]), chosen),
} satisfies Partial<ShapeRules<OperatorName>>;
