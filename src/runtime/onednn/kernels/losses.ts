import { staticShape } from '../../../graph/graph.ts';
import { crossEntropy, crossEntropyGradient, logSoftmax } from '../host/losses.ts';
import type { Kernels } from './kernel.ts';

/** The loss and its gradient, computed in JavaScript, since [N, K] is small. */
export const lossKernels = {
  SoftmaxCrossEntropy({ inputs: { logits, labels }, outputs: [loss, logs], attributes }, scope) {
    const [, classes] = staticShape(logits, 2);
    const smoothing = attributes.label_smoothing;
    scope.host({
      label: 'softmax cross-entropy',
      reads: [scope.readPlain(logits), scope.readPlain(labels)],
      writes: [scope.write(loss), scope.write(logs)],
      compute: ([x, y], [mean, log]) => {
        logSoftmax(x as Float32Array, log as Float32Array, classes);
        mean[0] = crossEntropy(log as Float32Array, y, { classes, smoothing });
      },
    });
    return true;
  },
  SoftmaxCrossEntropyGrad(
    { inputs: { dloss, logProbabilities: logs, labels }, outputs: [dlogits], attributes },
    scope,
  ) {
    const [, classes] = staticShape(logs, 2);
    const smoothing = attributes.label_smoothing;
    scope.host({
      label: "softmax cross-entropy's gradient",
      reads: [scope.readPlain(dloss), scope.readPlain(logs), scope.readPlain(labels)],
      writes: [scope.write(dlogits)],
      compute: ([d, log, y], [target]) => {
        const scale = Number(d[0]);
        crossEntropyGradient(log as Float32Array, y, target as Float32Array, { classes, smoothing, scale });
      },
    });
    return true;
  },
} satisfies Kernels;
