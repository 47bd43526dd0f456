import type { Builder } from '../../../../src/graph/builder.ts';
import type { Value } from '../../../../src/graph/graph.ts';
import { describeOperators, weight } from '../../../support/compiled-operators.ts';

describeOperators('element-by-element operators', {
  ...Object.fromEntries(
    (
      [
        'Sin',
        'Cos',
        'Sign',
        'Softplus',
        'Softsign',
        'Mish',
        'HardSwish',
        'Erf',
        'Tanh',
        'Sigmoid',
        'Exp',
        'Reciprocal',
        'Round',
        'Floor',
      ] as const
    ).map((op) => [op, [[2, 3, 5, 7], (g: Builder, x: Value) => g[op](x)] as const]),
  ),
  Log: [[2, 3, 5, 7], (g, x) => g.Log(g.Abs(x))],
  Elu: [[1, 2, 3, 5], (g, x) => g.Elu(x, { alpha: 0.7 })],
  Celu: [[1, 2, 3, 5], (g, x) => g.Celu(x, { alpha: 1.7 })],
  Selu: [[1, 2, 3, 5], (g, x) => g.Selu(x)],
  ThresholdedRelu: [[1, 2, 3, 5], (g, x) => g.ThresholdedRelu(x, { alpha: 0.3 })],
  Shrink: [[1, 2, 3, 5], (g, x) => g.Shrink(x, { bias: 0.2, lambd: 0.4 })],
  'Gelu by its error function': [[1, 2, 3, 5], (g, x) => gelu(g, x)],
  'Pow 3': [[1, 2, 3, 5], (g, x) => g.Pow(x, g.floats(3))],
  'Pow -2': [[1, 2, 3, 5], (g, x) => g.Pow(g.Add(g.Abs(x), g.floats(1)), g.floats(-2))],
  'Pow 0.75': [[1, 2, 3, 5], (g, x) => g.Pow(g.Abs(x), g.floats(0.75))],
  'Clip with a bound': [[1, 2, 3, 5], (g, x) => g.Clip(x, null, g.floats(0.5))],
  'bounds of channels': [
    [1, 3, 4, 5],
    (g, x) => g.Min(g.Max(x, weight(g, [3, 1, 1])), g.Add(weight(g, [3, 1, 1], 51), g.floats(1))),
  ],
  Mean: [[2, 3, 4], (g, x) => g.Mean(x, weight(g, [2, 3, 4]), weight(g, [3, 1], 51))],
  'PRelu by channels': [[2, 3, 4, 5], (g, x) => g.PRelu(x, weight(g, [3, 1, 1]))],
  'PRelu by rows': [[2, 3, 4, 5], (g, x) => g.PRelu(x, weight(g, [4, 1]))],
  'an operand that is a row': [[2, 3, 4, 5], (g, x) => g.Mul(x, weight(g, [5]))],
  'an operand that is a column': [[2, 3, 4, 5], (g, x) => g.Add(x, weight(g, [1, 3, 4, 1]))],
  'a row of each channel': [[2, 3, 4, 6], (g, x) => g.Sub(weight(g, [3, 1, 6]), x)],
  'a matrix and a row': [[3, 7], (g, x) => g.Add(g.Relu(x), weight(g, [7]))],
  'a matrix and a column': [[3, 7], (g, x) => g.Add(g.Relu(x), weight(g, [3, 1]))],
  'a sequence and numbers for channels': [[2, 3, 7], (g, x) => g.Add(g.Relu(x), weight(g, [3, 1]))],
  'vectors that broadcast to a matrix': [[1, 7], (g, x) => g.Add(x, weight(g, [3, 1]))],
  'normalised by channels': [[2, 4, 5, 5], (g, x) => g.BatchNormalization(x, ...batchParameters(g, 4))],
});

const gelu = (g: Builder, x: Value): Value =>
  g.Mul(g.Mul(x, g.floats(0.5)), g.Add(g.Erf(g.Div(x, g.floats(Math.SQRT2))), g.floats(1)));

const batchParameters = (g: Builder, channels: number) =>
  [
    weight(g, [channels]),
    weight(g, [channels], 51),
    weight(g, [channels], 52),
    g.floats(Array.from({ length: channels }, (_, c) => 0.5 + c)),
  ] as const;
