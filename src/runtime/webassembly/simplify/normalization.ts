import type { Builder } from '../../../graph/builder.ts';
import { type Node, requiredInput, staticShape, type Value } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import { elementCount } from '../../../numeric/tensor.ts';

import type { Simplification } from './simplification.ts';

/** x·s + b, with constant mean and variance. */
export const batchNormalization: Simplification = (node, g) => {
  const [x, ...parameters] = node.inputs;
  const [scale, bias, mean, variance] = parameters.map(
    (value) => value?.tensor?.data as Float32Array | undefined,
  );
  if (!x || !scale || !bias || !mean || !variance) return null;
  const { epsilon } = attributesOf(node, 'BatchNormalization');
  const factors = scale.map((value, c) => value / Math.sqrt((variance[c] ?? 0) + epsilon));
  const shifts = bias.map((value, c) => value - (mean[c] ?? 0) * (factors[c] ?? 0));
  const perChannel = (data: Float32Array) => g.floats([...data], channelShape(x));
  return g.Add(g.Mul(x, perChannel(factors)), perChannel(shifts));
};

/** The shape that broadcasts one number per channel. */
function channelShape(x: Value): number[] {
  const [, channels = 1, ...size] = staticShape(x);
  return [channels, ...size.map(() => 1)];
}

export const instanceNormalization: Simplification = (node, g) => {
  const { epsilon } = attributesOf(node, 'InstanceNormalization');
  const [, channels = 1] = staticShape(requiredInput(node, 0));
  return normalizedGroups(node, g, { epsilon, groups: channels });
};

export const groupNormalization: Simplification = (node, g) => {
  const { epsilon, num_groups: groups = 1 } = attributesOf(node, 'GroupNormalization');
  return normalizedGroups(node, g, { epsilon, groups });
};

/** Normalises each group of channels as one row; then applies scale and bias, one number per channel or group. */
function normalizedGroups(
  node: Node,
  g: Builder,
  { epsilon, groups }: { readonly epsilon: number; readonly groups: number },
): Value | null {
  const x = requiredInput(node, 0);
  const shape = staticShape(x);
  const [batch = 1, channels = 1, ...size] = shape;
  const [, scale, bias] = node.inputs.map((value) => value?.tensor?.data as Float32Array | undefined);
  if (!scale || !bias) return null;
  const rows = g.Reshape(x, g.int64s([batch, groups, (channels / groups) * elementCount(size)]));
  const [normal] = g.node('LayerNormalization', [rows, g.floats(1)], { axis: 2, epsilon }, 1);
  if (!normal) return null;
  const perChannel = (data: Float32Array) =>
    g.floats(
      Array.from({ length: channels }, (_, c) => data[Math.floor((c * data.length) / channels)] ?? 0),
      channelShape(x),
    );
  return g.Add(g.Mul(g.Reshape(normal, g.int64s(shape)), perChannel(scale)), perChannel(bias));
}

/** x / ‖x‖ along one axis. */
export const lpNormalization: Simplification = (node, g) => {
  const { axis, p } = attributesOf(node, 'LpNormalization');
  const x = requiredInput(node, 0);
  const reduce = p === 1 ? g.ReduceL1 : g.ReduceL2;
  return g.Div(x, reduce(x, g.int64s([axis]), { keepdims: 1 }));
};

/** x / (k + α·mean of x² over neighbouring channels)^β; channels beyond the first and last count as 0. */
export const localResponseNormalization: Simplification = (node, g) => {
  const { alpha, beta, bias, size = 1 } = attributesOf(node, 'LRN');
  const x = requiredInput(node, 0);
  const shape = staticShape(x);
  const [batch = 1, channels = 1, ...rest] = shape;
  const squares = g.Reshape(g.Mul(x, x), g.int64s([batch, 1, channels, elementCount(rest)]));
  const pads = [Math.floor((size - 1) / 2), 0, Math.ceil((size - 1) / 2), 0];
  const [means] = g.node(
    'AveragePool',
    [squares],
    { kernel_shape: [size, 1], pads, count_include_pad: 1 },
    1,
  );
  if (!means) return null;
  const sums = g.Add(g.Mul(g.Reshape(means, g.int64s(shape)), g.floats(alpha)), g.floats(bias));
  return g.Div(x, g.Pow(sums, g.floats(beta)));
};
