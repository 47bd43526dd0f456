import type { OperatorName } from '../../graph/operators/index.ts';
import { refusal } from '../call.ts';
import type { GradientRows } from '../rule.ts';

/** The training operators that stand in a forward pass; of the others no second derivative is taken. */
export const trainingGradients = {
  BatchNormalizationTraining: ({ node, inputs: [x, scale], outputs: [, , , mean, deviation] }, dy, g) => {
    if (dy.slice(1).some(Boolean)) throw refusal(node, 'has no gradient through its statistics');
    return [...g.BatchNormalizationGrad(dy[0], x, scale, mean, deviation), null, null];
  },
  SoftmaxCrossEntropy: (call, [dloss, dlog], g) => {
    if (dlog) throw refusal(call.node, 'has no gradient through its log-probabilities');
    const { label_smoothing } = call.attributes;
    return [g.SoftmaxCrossEntropyGrad(dloss, call.outputs[1], call.inputs[1], { label_smoothing }), null];
  },
  ConvGradInput: 'unsupported',
  ConvGradWeight: 'unsupported',
  BatchNormalizationGrad: 'unsupported',
  ReluGrad: 'unsupported',
  ClipGrad: 'unsupported',
  MaxPoolGrad: 'unsupported',
  AveragePoolGrad: 'unsupported',
  SoftmaxCrossEntropyGrad: 'unsupported',
  SgdUpdate: 'unsupported',
  AdamWUpdate: 'unsupported',
  SkeletonUpdate: 'unsupported',
} satisfies Partial<GradientRows<OperatorName>>;
