import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import type { OperatorCall } from '../graph/operators/call.ts';
import type { OperatorName, OutputCount } from '../graph/operators/index.ts';
import type { OperandValue } from './call.ts';

/**
 * From ∂L/∂y of each output (null where none reaches it) to ∂L/∂x of each input, appended to `g`. A gradient may keep
 * the axes along which its input was stretched: the driver sums over them. null says that no gradient flows into an
 * input; a missing position that the rule has none for it.
 */
export type GradientRule<Op extends OperatorName> = (
  call: OperatorCall<Op>,
  dy: OutputGradients<Op>,
  g: Builder,
) => readonly OperandValue[];

/** ∂L/∂y of each output; where there is a single one, it is never missing. */
type OutputGradients<Op extends OperatorName> =
  OutputCount<Op> extends 1 ? readonly [Value, ...OperandValue[]] : readonly OperandValue[];

/** A rule, no gradient (what comes out is constant almost everywhere), or no rule, which is a named error. */
export type GradientRow<Op extends OperatorName> = GradientRule<Op> | 'none' | 'unsupported';

/** A table of rules: one row for each of these operators. */
export type GradientRows<Op extends OperatorName> = { readonly [O in Op]: GradientRow<O> };
