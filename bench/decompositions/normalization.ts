import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import type { Comparison } from '../decompositions.ts';

const shapes = [
  [128, 16, 32, 32],
  [128, 32, 16, 16],
  [128, 64, 8, 8],
  [64, 128, 16, 16],
] as const;

const filled = (g: Builder, channels: number, value: number): Value =>
  g.floats(new Array(channels).fill(value));

/** y of a batch's own statistics. */
export const batchNormalization: readonly Comparison[] = shapes.map((shape): Comparison => {
  const [, channels] = shape;
  const axes = (g: Builder) => g.int64s([0, 2, 3]);
  const column = (g: Builder, value: Value) => g.Reshape(value, g.int64s([channels, 1, 1]));
  return {
    title: `batch normalisation [${shape}]`,
    shapes: [shape, [channels], [channels]],
    forms: {
      chosen: (g, [x, scale, bias]) =>
        g.BatchNormalizationTraining(x, scale, bias, filled(g, channels, 0), filled(g, channels, 1))[0],
      'scale and shift': (g, [x, scale, bias]) => {
        const centred = g.Sub(x, g.ReduceMean(x, axes(g), { keepdims: 1 }));
        const variance = g.ReduceMean(g.Mul(centred, centred), axes(g), { keepdims: 0 });
        const inverse = g.Reciprocal(g.Sqrt(g.Add(variance, g.floats(1e-5))));
        return g.Add(g.Mul(centred, column(g, g.Mul(scale, inverse))), column(g, bias!));
      },
      training_mode: (g, [x, scale, bias]) => {
        const running = filled(g, channels, 0);
        return g.node(
          'BatchNormalization',
          [x!, scale!, bias!, running, running],
          { training_mode: 1 },
          3,
        )[0]!;
      },
    },
  };
});

/** dx, from centred x or not. */
export const batchNormalizationGradient: readonly Comparison[] = shapes.map((shape): Comparison => {
  const [batch, channels, height, width] = shape;
  const share = 1 / (batch * height * width);
  return {
    title: `batch normalisation gradient [${shape}]`,
    shapes: [shape, shape, [channels], [channels], [channels]],
    forms: {
      chosen: (g, inputs) => g.BatchNormalizationGrad(...inputs)[0],
      'centred x': (g, [dy, x, scale, mean, deviation]) => {
        const axes = g.int64s([0, 2, 3]);
        const column = (value: Value) => g.Reshape(value, g.int64s([channels, 1, 1]));
        const centred = g.Sub(x, column(mean!));
        const product = g.ReduceSum(g.Mul(dy, centred), axes, { keepdims: 0 });
        const slope = g.Mul(g.Mul(product, g.Mul(deviation, deviation)), g.floats(share));
        const average = g.Mul(g.ReduceSum(dy, axes, { keepdims: 1 }), g.floats(share));
        const rest = g.Sub(g.Sub(dy, average), g.Mul(centred, column(slope)));
        return g.Mul(rest, column(g.Mul(scale, deviation)));
      },
    },
  };
});
