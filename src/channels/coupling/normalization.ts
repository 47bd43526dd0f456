import { nodeLabel } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { along, type Channels } from './channels.ts';
import { passOn, stay } from './elementwise.ts';
import {
  type CouplingCall,
  type CouplingRule,
  type CouplingRules,
  fromStart,
  liesAlong,
  rankOf,
} from './rule.ts';
import type { CouplingScope } from './scope.ts';

/** Pins channels along axes over which a node normalises: removing one would change the others. */
function unlessOver(call: CouplingCall<OperatorName>, scope: CouplingScope, over: (axis: number) => boolean) {
  const [x] = call.channels;
  if (x?.axes.some(over)) return stay(call, scope, `it is normalised over in ${nodeLabel(call.node)}`);
  return passOn(call, scope);
}

/** Slices parameters [C] with the channels. */
function perChannel(
  call: CouplingCall<'BatchNormalization' | 'InstanceNormalization'>,
  scope: CouplingScope,
): (Channels | null)[] {
  const { node, inputs, outputs, channels } = call;
  const x = channels[0] ?? null;
  if (!x) return outputs.map(() => null);
  if (!liesAlong(x, 1)) return stay(call, scope);
  const { x: _, ...parameters } = inputs;
  for (const value of Object.values(parameters))
    scope.slice({ value, channels: along(0, x.labels), role: 'per channel', node });
  return outputs.map((_, i) => (i === 0 ? x : null));
}

const overOneAxis: CouplingRule<'Softmax' | 'LogSoftmax' | 'Hardmax'> = (call, scope) => {
  const axis = fromStart(call.attributes.axis ?? -1, rankOf(call.inputs.x));
  return unlessOver(call, scope, (other) => other === axis);
};

/** Normalisations. */
export const normalizationCouplings = {
  BatchNormalization: perChannel,
  InstanceNormalization(call, scope) {
    const [x] = call.channels;
    return x && !liesAlong(x, 1)
      ? stay(call, scope, `it is normalised over in ${nodeLabel(call.node)}`)
      : perChannel(call, scope);
  },
  LayerNormalization(call, scope) {
    const first = fromStart(call.attributes.axis, rankOf(call.inputs.x));
    return unlessOver(call, scope, (axis) => axis >= first);
  },
  /** Channels of one group are normalised together, and joined; other groups are independent. */
  GroupNormalization(call, scope) {
    const { node, inputs, channels, attributes } = call;
    const [x] = channels;
    const groups = Number(attributes.num_groups);
    if (!x) return [null];
    if (!liesAlong(x, 1) || groups === 1)
      return stay(call, scope, `it is normalised over in ${nodeLabel(node)}`);
    const width = x.labels.length / groups;
    const first = x.labels.filter((_, channel) => channel % width === 0);
    scope.join(
      x.labels,
      x.labels.map((_, channel) => first[Math.floor(channel / width)]!),
    );
    for (const value of [inputs.scale, inputs.bias]) {
      const labels = value.shape?.[0] === groups ? first : x.labels;
      scope.slice({ value, channels: along(0, labels), role: 'per channel', node });
    }
    scope.edit(node, (edited, kept) => {
      edited.attributes.num_groups = { kind: 'int', value: kept.count(first) };
    });
    return [x];
  },
  MeanVarianceNormalization(call, scope) {
    const axes = call.attributes.axes ?? [0, 2, 3];
    return unlessOver(call, scope, (axis) => axes.includes(axis));
  },
  /** Zeros do not change a norm. */
  LpNormalization(call, scope) {
    const { node, inputs, channels, attributes } = call;
    const [x] = channels;
    const over = fromStart(attributes.axis, rankOf(inputs.x));
    if (x?.axes.includes(over) && x.axes.length > 1) return stay(call, scope);
    if (x?.axes.includes(over)) scope.read({ node, index: 0, channels: x });
    return passOn(call, scope);
  },
  LRN: (call, scope) => unlessOver(call, scope, (axis) => axis === 1),
  Softmax: overOneAxis,
  LogSoftmax: overOneAxis,
  Hardmax: overOneAxis,
} satisfies Partial<CouplingRules>;
