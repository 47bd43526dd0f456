import { staticShape } from '../../graph/graph.ts';
import { evaluate } from '../../measure/accuracy.ts';
import { type ScoresSought, withClassScores } from '../../measure/outputs/class-scores.ts';
import { makeTensor } from '../../numeric/tensor.ts';
import { asRows, logitsOf } from './logits.ts';
import type { TrainingTask } from './task.ts';

/** Options of {@link classification}. */
export interface ClassificationOptions extends ScoresSought {
  /** Label smoothing in [0, 1). Default 0. */
  readonly labelSmoothing?: number | undefined;
}

/** Classification: cross-entropy of the class scores, found by {@link logitsOf}, and the labels. */
export function classification(options: ClassificationOptions = {}): TrainingTask {
  return {
    name: 'classification',
    accept: (network) => withClassScores(network, options),
    reads: (network) => [logitsOf(network, options)],
    loss({ g, values: [scores], input }) {
      const logits = asRows(g, scores!);
      const labels = input('labels', 'int64', [staticShape(logits)[0]!]);
      const [loss] = g.SoftmaxCrossEntropy(logits, labels, { label_smoothing: options.labelSmoothing ?? 0 });
      const hits = g.Equal(g.ArgMax(logits, { axis: 1, keepdims: 0 }), labels);
      return { loss, metrics: { correct: g.ReduceSum(g.Cast(hits, { to: 1 }), { keepdims: 0 }) } };
    },
    open: async () => ({
      feeds: async ({ labels }) => ({ labels: makeTensor('int64', [labels.length], labels) }),
      close: async () => {},
    }),
    async evaluate(network, images, settings) {
      const { top1, loss } = await evaluate(network, images, settings);
      return { score: top1, testAccuracy: top1, testLoss: loss };
    },
  };
}
