import { nodeLabel } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { reducedAxes } from '../../graph/reduced-axes.ts';
import type { Channels } from './channels.ts';
import { stay } from './elementwise.ts';
import { type CouplingCall, type CouplingRule, type CouplingRules, fromStart, rankOf } from './rule.ts';
import type { CouplingScope } from './scope.ts';

/** Removes reduced axes, which shifts later axes; channels along a reduced axis are pinned. */
function reduced(
  call: CouplingCall<OperatorName>,
  scope: CouplingScope,
  { axes, keepdims }: { axes: readonly number[]; keepdims: boolean },
): (Channels | null)[] {
  const [x] = call.channels;
  if (!x) return call.outputs.map(() => null);
  if (x.axes.some((axis) => axes.includes(axis)))
    return stay(call, scope, `it is reduced in ${nodeLabel(call.node)}`);
  const moved = keepdims ? x.axes : x.axes.map((axis) => axis - axes.filter((other) => other < axis).length);
  return call.outputs.map(() => ({ ...x, axes: moved }));
}

const reduction: CouplingRule<'ReduceSum' | 'ReduceMean'> = (call, scope) => {
  const { inputs, attributes } = call;
  const axes = reducedAxes(attributes, inputs.axes, rankOf(inputs.x));
  return axes ? reduced(call, scope, { axes, keepdims: attributes.keepdims !== 0 }) : stay(call, scope);
};

/** Sums, to which zeros add nothing: channels that are summed over end here, as in a layer. */
const summation: CouplingRule<'ReduceSum' | 'ReduceMean'> = (call, scope) => {
  const { node, inputs, outputs, channels, attributes } = call;
  const [x] = channels;
  const axes = reducedAxes(attributes, inputs.axes, rankOf(inputs.x));
  if (x?.axes.length !== 1 || !axes?.includes(x.axes[0]!)) return reduction(call, scope);
  scope.read({ node, index: 0, channels: x });
  return outputs.map(() => null);
};

const argument: CouplingRule<'ArgMax' | 'ArgMin'> = (call, scope) => {
  const axis = fromStart(call.attributes.axis, rankOf(call.inputs.x));
  return reduced(call, scope, { axes: [axis], keepdims: call.attributes.keepdims !== 0 });
};

/** Sums and extremes along axes. */
export const reductionCouplings = {
  ReduceSum: summation,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceL1: summation,
  ReduceL2: summation,
  ReduceSumSquare: summation,
  ReduceLogSum: reduction,
  ReduceLogSumExp: reduction,
  ArgMax: argument,
  ArgMin: argument,
  CumSum(call, scope) {
    const { x: value, axis } = call.inputs;
    const over = axis.tensor ? fromStart(Number(axis.tensor.data[0]), rankOf(value)) : null;
    const [x] = call.channels;
    return over === null || x?.axes.includes(over) ? stay(call, scope) : [x ?? null];
  },
} satisfies Partial<CouplingRules>;
