import { floats, makeTensor } from '../../../src/numeric/tensor.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import { referenceOf } from '../../support/reference/array.ts';
import { crossEntropy, crossEntropyGradient, logProbabilities } from '../../support/reference/losses.ts';
import { normals } from '../../support/run-graph.ts';

interface Loss {
  readonly rows: number;
  readonly classes: number;
  readonly smoothing?: number;
  readonly dloss?: number;
  readonly scale?: number;
}

function caseOf({
  rows,
  classes,
  smoothing = 0,
  dloss = 1,
  scale = 2,
}: Loss): ConformanceCase<'dloss' | 'labels' | 'logits'> {
  const logits = normals([rows, classes], rows + classes, scale);
  const labels = Array.from({ length: rows }, (_, row) => (row * 7 + 3) % classes);
  return {
    title: `SoftmaxCrossEntropy [${rows}, ${classes}], smoothing ${smoothing}, dloss ${dloss}, logits ×${scale}`,
    inputs: {
      logits,
      labels: makeTensor('int64', [rows], BigInt64Array.from(labels, BigInt)),
      dloss: floats([], [dloss]),
    },
    build(g, values) {
      const attributes = { label_smoothing: smoothing };
      const [loss, logs] = g.SoftmaxCrossEntropy(values.logits, values.labels, attributes);
      const dlogits = g.SoftmaxCrossEntropyGrad(values.dloss, logs, values.labels, attributes);
      return { loss, logs, dlogits };
    },
    expected: () => ({
      loss: [crossEntropy(referenceOf(logits), labels, smoothing)],
      logs: logProbabilities(referenceOf(logits)),
      dlogits: crossEntropyGradient(referenceOf(logits), labels, { smoothing, dloss }),
    }),
  };
}

describeExecutors('SoftmaxCrossEntropy and its gradient', (executor) => {
  checkCases(
    executor,
    [
      { rows: 5, classes: 10 },
      { rows: 1, classes: 3 },
      { rows: 4, classes: 17, smoothing: 0.1 },
      { rows: 3, classes: 2, smoothing: 0.3, dloss: -2.5 },
      { rows: 6, classes: 4, scale: 300 },
      { rows: 2, classes: 1 },
    ].map(caseOf),
  );
});
