import { nodeLabel } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { toNumbers } from '../../numeric/tensor.ts';
import type { Channels } from './channels.ts';
import { stay } from './elementwise.ts';
import { type CouplingCall, type CouplingRule, type CouplingRules, positive, rankOf } from './rule.ts';
import type { CouplingScope } from './scope.ts';

type Reduction = CouplingCall<'ReduceSum' | 'ReduceMean'>;

/** Axes that are reduced go, with what lies behind them moving up; channels along one of them stay. */
function reduced(
  call: CouplingCall<OperatorName>,
  scope: CouplingScope,
  { axes, keepdims }: { axes: readonly number[]; keepdims: boolean },
): (Channels | null)[] {
  const [x] = call.channels;
  if (!x) return call.outputs.map(() => null);
  if (x.axes.some((axis) => axes.includes(axis)))
    return stay(call, scope, `is reduced in ${nodeLabel(call.node)}`);
  const moved = keepdims ? x.axes : x.axes.map((axis) => axis - axes.filter((other) => other < axis).length);
  return call.outputs.map(() => ({ ...x, axes: moved }));
}

const reduction: CouplingRule<'ReduceSum' | 'ReduceMean'> = (call, scope) => {
  const rank = rankOf(call.inputs[0]);
  const given = givenAxes(call);
  if (!given) return stay(call, scope);
  if (given.length === 0 && call.attributes.noop_with_empty_axes) return [call.channels[0] ?? null];
  const axes = given.length > 0 ? given.map((axis) => positive(axis, rank)) : [...Array(rank).keys()];
  return reduced(call, scope, { axes, keepdims: call.attributes.keepdims !== 0 });
};

/** null where they are computed. */
function givenAxes({ inputs: [, given], attributes }: Reduction): readonly number[] | null {
  if (given) return given.tensor && toNumbers(given.tensor);
  return attributes.axes ?? [];
}

const argument: CouplingRule<'ArgMax' | 'ArgMin'> = (call, scope) => {
  const axis = positive(call.attributes.axis, rankOf(call.inputs[0]));
  return reduced(call, scope, { axes: [axis], keepdims: call.attributes.keepdims !== 0 });
};

/** Sums and extremes along axes. */
export const reductionCouplings = {
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceSumSquare: reduction,
  ReduceLogSum: reduction,
  ReduceLogSumExp: reduction,
  ArgMax: argument,
  ArgMin: argument,
  CumSum(call, scope) {
    const axis = call.inputs[1]?.tensor && Number(call.inputs[1].tensor.data[0]);
    const over = axis == null ? null : positive(axis, rankOf(call.inputs[0]));
    const [x] = call.channels;
    return over === null || x?.axes.includes(over) ? stay(call, scope) : [x ?? null];
  },
} satisfies Partial<CouplingRules>;
