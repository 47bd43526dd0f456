import type { Builder } from '../../graph/builder.ts';
import { staticShape, type Value } from '../../graph/graph.ts';
import { evaluate } from '../../measure/accuracy.ts';
import { type ScoresSought, withClassScores } from '../../measure/outputs/class-scores.ts';
import { floats, makeTensor } from '../../numeric/tensor.ts';
import { asRows, logitsOf } from './logits.ts';
import type { TrainingTask } from './task.ts';

/** Options of {@link classification}. */
export interface ClassificationOptions extends ScoresSought {
  /** Label smoothing in [0, 1). Default 0. */
  readonly labelSmoothing?: number | undefined;
  /** Whether batches are mixtures of images with two labels. Default false. */
  readonly mixes?: boolean;
}

/** Classification: cross-entropy of the class scores, found by {@link logitsOf}, and the labels. */
export function classification(options: ClassificationOptions = {}): TrainingTask {
  const { labelSmoothing } = options;
  return {
    name: 'classification',
    augmentation: 'pad-crop-flip',
    accept: (network) => withClassScores(network, options),
    reads: (network) => [logitsOf(network, options)],
    loss({ g, values: [scores], input }) {
      const logits = asRows(g, scores!);
      const shape = [staticShape(logits)[0]!];
      const one = crossEntropy(g, { logits, labels: input('labels', 'int64', shape), labelSmoothing });
      if (!options.mixes) return { loss: one.loss, metrics: { correct: one.correct } };
      const other = crossEntropy(g, {
        logits,
        labels: input('secondLabels', 'int64', shape),
        labelSmoothing,
      });
      const share = input('share', 'float32', []);
      const rest = g.Sub(g.floats(1), share);
      const blend = (a: Value, b: Value) => g.Add(g.Mul(a, share), g.Mul(b, rest));
      return { loss: blend(one.loss, other.loss), metrics: { correct: blend(one.correct, other.correct) } };
    },
    open: async () => ({
      feeds: async ({ labels, mixture }) => ({
        labels: makeTensor('int64', [labels.length], labels),
        ...(mixture && {
          secondLabels: makeTensor('int64', [labels.length], mixture.labels),
          share: floats([], [mixture.share]),
        }),
      }),
      close: async () => {},
    }),
    async evaluate(network, images, settings) {
      const { top1, loss } = await evaluate(network, images, settings);
      return { score: top1, testAccuracy: top1, testLoss: loss };
    },
  };
}

interface LabelledLogits extends Pick<ClassificationOptions, 'labelSmoothing'> {
  readonly logits: Value;
  readonly labels: Value;
}

/** The mean loss of a batch, and how many images have their highest logit at the label. */
function crossEntropy(g: Builder, { logits, labels, labelSmoothing = 0 }: LabelledLogits) {
  const [loss] = g.SoftmaxCrossEntropy(logits, labels, { label_smoothing: labelSmoothing });
  const hits = g.Equal(g.ArgMax(logits, { axis: 1, keepdims: 0 }), labels);
  return { loss, correct: g.ReduceSum(g.Cast(hits, { to: 1 }), { keepdims: 0 }) };
}
