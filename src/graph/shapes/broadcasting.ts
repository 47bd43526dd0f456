import type { DataType } from '../../numeric/tensor.ts';
import { type Dim, requiredInput } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { arithmetic, type Compute, mapContents } from './contents.ts';
import { broadcast, misfit } from './dims.ts';
import type { Call, Inferred, ShapeRules } from './rule.ts';

/** The inputs stretched to one another, of element type `dtype`. */
function stretched(call: Call, dtype: DataType | null, compute: Compute | null = null): Inferred[] {
  const shapes = call.inputs.map((_, index) => requiredInput(call.node, index).shape);
  const shape = broadcast(call.node, shapes);
  const followed = compute !== null && shape !== null && shape.length <= 1;
  return [{ dtype, shape, contents: followed ? mapContents(call, compute) : null }];
}

/** The element type that the inputs from `first` share; throws where two known ones differ. */
function commonType({ node }: Call, first = 0): DataType | null {
  let common: DataType | null = null;
  for (let index = first; index < node.inputs.length; index++) {
    const { dtype, name } = requiredInput(node, index);
    if (common && dtype && dtype !== common) {
      throw misfit(node, `expected ${name} of type ${common}, got ${dtype}`);
    }
    common ??= dtype;
  }
  return common;
}

const arithmeticOf = (compute: Compute) => (call: Call) => stretched(call, commonType(call), compute);
const untracked = (call: Call) => stretched(call, commonType(call));
const ofFirstType = (call: Call) => stretched(call, requiredInput(call.node, 0).dtype);
const comparison = (compute: Compute) => (call: Call) => {
  commonType(call);
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
/** Symbols stand for dimensions and are never negative. */
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

const isIntegral = (call: Call): boolean => call.inputs[0]?.dtype?.includes('float') === false;

/** Functions of several tensors, element by element. */
export const broadcastShapes = {
  Add: arithmeticOf(add),
  Sub: arithmeticOf(subtract),
  Mul: arithmeticOf(multiply),
  Div: (call) => stretched(call, commonType(call), divide(isIntegral(call))),
  Pow: ofFirstType,
  Mod: (call) =>
    stretched(
      call,
      commonType(call),
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
  BitShift: ofFirstType,
  BitwiseAnd: untracked,
  BitwiseOr: untracked,
  BitwiseXor: untracked,
  Where: (call) => stretched(call, commonType(call, 1), chosen),
} satisfies Partial<ShapeRules<OperatorName>>;
