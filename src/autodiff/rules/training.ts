import type { OperatorName } from '../../graph/operators/index.ts';
import { refusal } from '../call.ts';
import type { GradientRows } from '../rule.ts';

/** The training operators of a forward pass; second derivatives of the others are not supported. */
export const trainingGradients = {
  BatchNormalizationTraining: ({ node, inputs: { x, scale }, outputs: [, , , mean, deviation] }, dy, g) => {
    const [gradient, ...others] = dy;
    if (!gradient || others.some(Boolean)) throw refusal(node, 'has no gradient through its statistics');
    return [...g.BatchNormalizationGrad(gradient, x, scale, mean, deviation), null, null];
  },
  SoftmaxCrossEntropy: (call, [dloss, dlog], g) => {
    if (dlog || !dloss) throw refusal(call.node, 'has no gradient through its log-probabilities');
    const { label_smoothing } = call.attributes;
    return [g.SoftmaxCrossEntropyGrad(dloss, call.outputs[1], call.inputs.labels, { label_smoothing }), null];
  },
  SwishTraining: ({ inputs: { x } }, [dy], g) => [g.SwishGrad(dy, x)],
  GeluTraining: ({ inputs: { x } }, [dy], g) => [g.GeluGrad(dy, x)],
  ConvGradInput: 'unsupported',
  ConvGradWeight: 'unsupported',
  BatchNormalizationGrad: 'unsupported',
  ReluGrad: 'unsupported',
  SwishGrad: 'unsupported',
  HardSwishGrad: 'unsupported',
  MishGrad: 'unsupported',
  GeluGrad: 'unsupported',
  LeakyReluGrad: 'unsupported',
  SigmoidGrad: 'unsupported',
  TanhGrad: 'unsupported',
  SoftmaxGrad: 'unsupported',
  ResampleGrad: 'unsupported',
  ClipGrad: 'unsupported',
  MaxPoolGrad: 'unsupported',
  AveragePoolGrad: 'unsupported',
  SoftmaxCrossEntropyGrad: 'unsupported',
  SgdUpdate: 'unsupported',
  AdamWUpdate: 'unsupported',
  SkeletonUpdate: 'unsupported',
} satisfies Partial<GradientRows<OperatorName>>;
