import { type Dim, requiredInput } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { axisOf, equalDims, shapeOf } from './dims.ts';
import { sameType } from './elementwise.ts';
import type { Call, ShapeRules } from './rule.ts';

/** The channels of [N, C, …]; throws where a parameter among `parameters` has another number of them. */
function channelsOf(call: Call, parameters: readonly number[]): Dim {
  const shape = shapeOf(call, 0, [1, Number.POSITIVE_INFINITY]);
  let channels: Dim = shape ? (shape[1] ?? 1) : null;
  for (const index of parameters) {
    const parameter = shapeOf(call, index, [1, 1]);
    if (parameter)
      channels = equalDims(call.node, `channels in ${call.inputs[index]!.name}`, channels, parameter[0]!);
  }
  return channels;
}

/** Normalisations and softmaxes. */
export const normalizationShapes = {
  BatchNormalization: (call) => {
    // Until opset 8 the statistics could be of each position: [C, …size].
    const channels = call.attributes.spatial === 0 ? null : channelsOf(call, [1, 2, 3, 4]);
    const statistic = { dtype: requiredInput(call.node, 3).dtype, shape: [channels] };
    return [...sameType(call), statistic, statistic, statistic, statistic];
  },
  InstanceNormalization: (call) => {
    channelsOf(call, [1, 2]);
    return sameType(call);
  },
  LayerNormalization: (call) => {
    const { shape } = requiredInput(call.node, 0);
    const first = shape && axisOf(call.node, call.attributes.axis, shape.length);
    const reduced = shape?.map((dim, axis): Dim => (axis < first! ? dim : 1)) ?? null;
    const statistic = { dtype: 'float32', shape: reduced } as const;
    return [...sameType(call), statistic, statistic];
  },
  GroupNormalization: sameType,
  MeanVarianceNormalization: sameType,
  LpNormalization: sameType,
  LRN: sameType,
  Softmax: sameType,
  LogSoftmax: sameType,
  Hardmax: sameType,
} satisfies Partial<ShapeRules<OperatorName>>;
