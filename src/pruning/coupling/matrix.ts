import { nodeLabel, type Value } from '../../graph/graph.ts';
import { along, type Channels } from './channels.ts';
import { stay } from './elementwise.ts';
import { type CouplingCall, type CouplingRules, liesAlong, rankOf } from './rule.ts';
import type { CouplingScope } from './scope.ts';

/** Matrix products: a constant factor is a layer; two computed ones contract channels with channels. */
export const matrixCouplings = {
  Gemm(call, scope) {
    const { node, inputs, attributes } = call;
    const [, b, c] = inputs;
    if (attributes.transA || !b?.tensor) return stay(call, scope);
    const [rows, columns] = attributes.transB ? [1, 0] : [0, 1];
    const made = layer(call, scope, { weight: b, rows, columns });
    if (c) scope.slice({ value: c, channels: along(rankOf(c) - 1, made.labels), role: 'per channel', node });
    return [made];
  },
  MatMul(call, scope) {
    const [a, b] = call.inputs;
    if (b?.tensor)
      return rankOf(b) === 2 ? [layer(call, scope, { weight: b, rows: 0, columns: 1 })] : stay(call, scope);
    return a?.tensor ? stay(call, scope) : [contraction(call, scope)];
  },
} satisfies Pick<CouplingRules, 'Gemm' | 'MatMul'>;

type Product = CouplingCall<'Gemm'> | CouplingCall<'MatMul'>;

/** x·W: reads the channels of x along its last axis, makes new ones along the last axis of the result. */
function layer(
  { node, inputs: [x], outputs: [y], channels: [carried] }: Product,
  scope: CouplingScope,
  { weight, rows, columns }: { weight: Value; rows: number; columns: number },
): Channels {
  if (carried && !liesAlong(carried, rankOf(x) - 1))
    scope.pin(carried, `reaches ${nodeLabel(node)} along another axis`);
  else if (carried) {
    scope.read({ node, index: 0, channels: carried });
    scope.slice({ value: weight, channels: along(rows, carried.labels), role: 'inputs', node });
  }
  const made = scope.fresh(node, weight.tensor!.shape[columns]!);
  scope.slice({ value: weight, channels: along(columns, made), role: 'filters', node });
  return along(rankOf(y) - 1, made);
}

/** a·b, both computed: channels along the axis that is summed go together and end; the others go on. */
function contraction(
  { node, inputs, outputs: [y], channels }: Product,
  scope: CouplingScope,
): Channels | null {
  const rank = rankOf(y);
  const sides = [0, 1].map((side) => {
    const own = rankOf(inputs[side]);
    const summed = side === 0 ? own - 1 : own - 2;
    const carried = channels[side] ?? null;
    const ends = liesAlong(carried, summed);
    const goesOn = carried !== null && !carried.axes.includes(summed);
    if (carried && !ends && !goesOn) scope.pin(carried, `is summed over in ${nodeLabel(node)}`);
    const passed = goesOn ? { ...carried!, axes: carried!.axes.map((axis) => axis + rank - own) } : null;
    return { carried, ends, passed };
  });
  const [left, right] = sides as [(typeof sides)[0], (typeof sides)[0]];
  if (left.ends && right.ends) {
    scope.join(left.carried!.labels, right.carried!.labels);
    scope.read({ node, index: 0, channels: left.carried! });
    scope.read({ node, index: 1, channels: right.carried! });
  } else {
    for (const { ends, carried } of sides)
      if (ends) scope.pin(carried, `is summed over in ${nodeLabel(node)}`);
  }
  if (left.passed && right.passed && left.passed.axes.join() === right.passed.axes.join()) {
    scope.join(left.passed.labels, right.passed.labels);
    return left.passed;
  }
  // A position of the result would belong to channels of both.
  if (left.passed && right.passed)
    for (const { passed } of sides) scope.pin(passed, `crosses others in ${nodeLabel(node)}`);
  return left.passed && right.passed ? null : (left.passed ?? right.passed);
}
