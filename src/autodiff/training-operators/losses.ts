import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { TrainingOperatorName } from '../../graph/operators/index.ts';
import { number } from '../append.ts';
import { dims } from '../call.ts';
import type { Decompositions } from './decomposition.ts';

interface SmoothedLabels {
  readonly labels: Value;
  readonly classes: number;
  readonly smoothing: number;
}

/** (1 − ε)·onehot(label) + ε/K: [N, K]. */
function targets(g: Builder, { labels, classes, smoothing }: SmoothedLabels): Value {
  const off = smoothing / classes;
  return g.OneHot(labels, g.int64s([classes]), g.floats([off, 1 - smoothing + off]), { axis: -1 });
}

/** Losses. */
export const lossDecompositions = {
  /** −mean over N of Σ target·log p; LogSoftmax subtracts the maximum for numerical stability. */
  SoftmaxCrossEntropy: ({ inputs: { logits, labels }, attributes: { label_smoothing } }, g) => {
    const [count, classes] = dims(logits, 2);
    const log = g.LogSoftmax(logits, { axis: -1 });
    const target = targets(g, { labels, classes, smoothing: label_smoothing });
    const sum = g.ReduceSum(g.Mul(log, target), g.int64s([0, 1]), { keepdims: 0 });
    return [g.Mul(sum, number(g, -1 / count, logits)), log];
  },
  /** (p − target)/N·dloss. */
  SoftmaxCrossEntropyGrad: (
    { inputs: { dloss, logProbabilities, labels }, attributes: { label_smoothing } },
    g,
  ) => {
    const [count, classes] = dims(logProbabilities, 2);
    const target = targets(g, { labels, classes, smoothing: label_smoothing });
    return [
      g.Mul(g.Sub(g.Exp(logProbabilities), target), g.Mul(dloss, number(g, 1 / count, logProbabilities))),
    ];
  },
} satisfies Partial<Decompositions<TrainingOperatorName>>;
