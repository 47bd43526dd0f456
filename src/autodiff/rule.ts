import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import type { OperatorCall } from '../graph/operators/call.ts';
import type { OperatorName, OutputCount } from '../graph/operators/index.ts';
import type { OperandValue } from './call.ts';

/**
 * Computes ∂L/∂x of each input from ∂L/∂y of each output (null if there is none), by nodes appended to `g`. A gradient may
 * keep the axes along which its input was broadcast: the driver sums over them. null means that an input has no gradient; a
 * missing position means that the rule does not support its gradient.
 */
export type GradientRule<Op extends OperatorName> = (
  call: OperatorCall<Op>,
  dy: OutputGradients<Op>,
  g: Builder,
) => readonly OperandValue[];

/** ∂L/∂y of each output; never null for an operator with a single output. */
type OutputGradients<Op extends OperatorName> =
  OutputCount<Op> extends 1 ? readonly [Value, ...OperandValue[]] : readonly OperandValue[];

/**
 * A rule; 'none' if the result is constant almost everywhere; 'unsupported' if there is no rule, which leads to a named
 * error.
 */
export type GradientRow<Op extends OperatorName> = GradientRule<Op> | 'none' | 'unsupported';

/** A table with one row for each of these operators. */
export type GradientRows<Op extends OperatorName> = { readonly [O in Op]: GradientRow<O> };
