import type { Dim, Value } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { axisOf, equalDims, shapeOfLeastRank, shapeOfRank } from './dims.ts';
import { sameType } from './elementwise.ts';
import type { CallOnX, ShapeRules } from './rule.ts';

/** The channel dimension of [N, C, …]. Throws if a parameter has another size. */
function channelsOf({ node, inputs: { x } }: CallOnX, parameters: readonly Value[]): Dim {
  const shape = shapeOfLeastRank(node, x, 1);
  let channels: Dim = shape ? (shape[1] ?? 1) : null;
  for (const parameter of parameters) {
    const [found = null] = shapeOfRank(node, parameter, 1) ?? [];
    channels = equalDims(node, `channels in ${parameter.name}`, channels, found);
  }
  return channels;
}

/** Normalisations and softmaxes. */
export const normalizationShapes = {
  BatchNormalization: (call) => {
    const { scale, bias, mean, variance } = call.inputs;
    // Up to opset 8, statistics can be per position: [C, …size].
    const channels = call.attributes.spatial === 0 ? null : channelsOf(call, [scale, bias, mean, variance]);
    const statistic = { dtype: mean.dtype, shape: [channels] };
    return [...sameType(call), statistic, statistic, statistic, statistic];
  },
  InstanceNormalization: (call) => {
    channelsOf(call, [call.inputs.scale, call.inputs.bias]);
    return sameType(call);
  },
  LayerNormalization: (call) => {
    const { shape } = call.inputs.x;
    const first = shape ? axisOf(call.node, call.attributes.axis, shape.length) : 0;
    const reduced = shape?.map((dim, axis): Dim => (axis < first ? dim : 1)) ?? null;
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
