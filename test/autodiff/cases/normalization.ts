import type { GradientCase } from '../gradient-check.ts';

const channels = [3];

/** Normalisations. */
export const normalizationCases: readonly GradientCase[] = [
  {
    op: 'BatchNormalization',
    title: 'at inference',
    shapes: [[2, 3, 4, 5], channels, channels, channels, channels],
    domains: ['any', 'any', 'any', 'any', 'positive'],
    build: (g, [x, scale, bias, mean, variance]) =>
      g.BatchNormalization(x, scale, bias, mean, variance, { epsilon: 0.01 }),
  },
  ...[
    [4, 3, 5, 2],
    [6, 3],
    [4, 3, 5],
  ].map(
    (shape): GradientCase => ({
      op: 'BatchNormalizationTraining',
      title: `[${shape}]`,
      shapes: [shape, channels, channels],
      build: (g, [x, scale, bias]) => {
        const running = g.floats([0, 0, 0]);
        return g.BatchNormalizationTraining(x, scale, bias, running, running, { epsilon: 0.01 })[0];
      },
    }),
  ),
  {
    op: 'InstanceNormalization',
    shapes: [[2, 3, 4, 5], channels, channels],
    build: (g, [x, scale, bias]) => g.InstanceNormalization(x, scale, bias, { epsilon: 0.01 }),
  },
  {
    op: 'LayerNormalization',
    shapes: [[2, 3, 5], [5], [5]],
    build: (g, [x, scale, bias]) => g.LayerNormalization(x, scale, bias, { epsilon: 0.01 }),
  },
  {
    op: 'LayerNormalization',
    title: 'two axes, no bias',
    shapes: [
      [2, 3, 5],
      [3, 5],
    ],
    build: (g, [x, scale]) => g.LayerNormalization(x, scale, { axis: 1, epsilon: 0.01 }),
  },
  {
    op: 'GroupNormalization',
    title: 'a scale a group',
    shapes: [[2, 6, 4], [3], [3]],
    opset: 18,
    build: (g, [x, scale, bias]) => g.GroupNormalization(x, scale, bias, { num_groups: 3, epsilon: 0.01 }),
  },
  {
    op: 'GroupNormalization',
    title: 'a scale a channel',
    shapes: [[2, 6, 4], [6], [6]],
    opset: 21,
    build: (g, [x, scale, bias]) => g.GroupNormalization(x, scale, bias, { num_groups: 3, epsilon: 0.01 }),
  },
];
