import type { Local } from './encoder/code.ts';
import type { PlainInstruction } from './encoder/instructions.ts';

/** Functions of a vector of four floats; each becomes a function of the module. */
export type FunctionName = 'exp' | 'log' | 'sigmoid' | 'tanh' | 'erf' | 'sin' | 'cos';

/** Operations on vectors of four floats. `max` and `min` return the first operand if it is NaN. */
export const operations = {
  add: 'f32x4.add',
  sub: 'f32x4.sub',
  mul: 'f32x4.mul',
  div: 'f32x4.div',
  max: 'f32x4.pmax',
  min: 'f32x4.pmin',
  neg: 'f32x4.neg',
  abs: 'f32x4.abs',
  sqrt: 'f32x4.sqrt',
  floor: 'f32x4.floor',
  ceil: 'f32x4.ceil',
  nearest: 'f32x4.nearest',
  equal: 'f32x4.eq',
  less: 'f32x4.lt',
  greater: 'f32x4.gt',
  atLeast: 'f32x4.ge',
  and: 'v128.and',
  or: 'v128.or',
  /** The first operand where the third, a mask, is set; otherwise the second. */
  select: 'v128.bitselect',
  shiftLeft: 'i32x4.shl',
  shiftRight: 'i32x4.shr_s',
  addIntegers: 'i32x4.add',
  subIntegers: 'i32x4.sub',
  toIntegers: 'i32x4.trunc_sat_f32x4_s',
  fromIntegers: 'f32x4.convert_i32x4_s',
} as const satisfies Record<string, PlainInstruction>;

type Operator = keyof typeof operations | FunctionName;

/** An operation and its operands. */
export type Operation =
  | readonly [Operator, Expression]
  | readonly [Operator, Expression, Expression]
  | readonly [Operator, Expression, Expression, Expression];

/** A vector of four floats: a variable, a constant, or an operation. */
export type Expression =
  | Local<'v128'>
  | number
  | Integers
  | { readonly lanes: readonly [number, number, number, number] }
  | Operation
  /** A subexpression that is computed once and used by name. */
  | { readonly value: Expression; readonly within: (value: Local<'v128'>) => Expression };

/** An integer operand: four equal integers, or the number of bits of a shift. */
export interface Integers {
  readonly bits?: number;
  readonly integers?: number;
}
