import type { OperatorName } from '../../graph/operators/index.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { elementTypes } from '../../graph/shapes/element-types.ts';
import { toNumbers } from '../../numeric/tensor.ts';
import { number } from '../append.ts';
import type { GradientRows, GradientRule } from '../rule.ts';

/**
 * The gradient belongs to the input with the extreme, among equal ones to the first. If one of two inputs is constant, it is a
 * bound, and the gradient is 0 where both are equal.
 */
const extreme: GradientRule<'Min' | 'Max'> = ({ node, inputs: { inputs }, outputs: [y] }, [dy], g) => {
  const bound = inputs.length === 2 && inputs.find(({ tensor }) => tensor);
  if (bound) {
    const dx = isOperator(node, 'Min') ? g.ClipGrad(dy, y, null, bound) : g.ClipGrad(dy, y, bound);
    return inputs.map((input) => (input === bound ? null : dx));
  }
  let rest = dy;
  return inputs.map((x, index) => {
    if (index === inputs.length - 1) return rest;
    const attains = g.Equal(x, y);
    const zero = number(g, 0, dy);
    const taken = g.Where(attains, rest, zero);
    rest = g.Where(attains, zero, rest);
    return taken;
  });
};

/** Elementwise functions of several tensors. The driver sums over broadcast axes. */
export const broadcastGradients = {
  Add: (_, [dy]) => [dy, dy],
  Sub: (_, [dy], g) => [dy, g.Neg(dy)],
  Mul: ({ inputs: { a, b } }, [dy], g) => [g.Mul(dy, b), g.Mul(dy, a)],
  /** y = a/b: ∂y/∂a = 1/b, ∂y/∂b = −a/b² = −y/b. */
  Div: ({ inputs: { b }, outputs: [y] }, [dy], g) => {
    const da = g.Div(dy, b);
    return [da, g.Neg(g.Mul(da, y))];
  },
  /** y = xᵖ: ∂y/∂x = p·xᵖ⁻¹. The exponent has no gradient, because x may be negative. */
  Pow: ({ inputs: { x, exponent } }, [dy], g) => {
    if (exponent.tensor && toNumbers(exponent.tensor).every((p) => p === 2)) return [g.Mul(dy, g.Add(x, x))];
    const p = exponent.dtype === x.dtype ? exponent : g.Cast(exponent, { to: elementTypes.indexOf(x.dtype) });
    return [g.Mul(dy, g.Mul(p, g.Pow(x, g.Sub(p, number(g, 1, x)))))];
  },
  Mod: 'unsupported',
  Min: extreme,
  Max: extreme,
  Sum: ({ inputs: { inputs } }, [dy]) => inputs.map(() => dy),
  Mean: ({ inputs: { inputs } }, [dy], g) => {
    const share = g.Mul(dy, number(g, 1 / inputs.length, dy));
    return inputs.map(() => share);
  },
  And: 'none',
  Or: 'none',
  Xor: 'none',
  Equal: 'none',
  Greater: 'none',
  GreaterOrEqual: 'none',
  Less: 'none',
  LessOrEqual: 'none',
  BitShift: 'none',
  BitwiseAnd: 'none',
  BitwiseOr: 'none',
  BitwiseXor: 'none',
  Where: ({ inputs: { condition } }, [dy], g) => {
    const zero = number(g, 0, dy);
    return [null, g.Where(condition, dy, zero), g.Where(condition, zero, dy)];
  },
} satisfies Partial<GradientRows<OperatorName>>;
