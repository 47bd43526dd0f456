import { refuse } from '../../graph/edit/refused.ts';
import { layerTail } from '../../graph/layer-tail.ts';
import { type Criterion, type LayerScores, scoreEach } from './criterion.ts';

/**
 * |γ| of the BatchNormalization after the layer. It is most informative after training with the penalty λ·Σ|γ|, for example λ
 * = 1e-4.
 */
export const batchNormalizationScale: Criterion = {
  name: 'bn-scale',
  paper:
    'Liu et al., Learning Efficient Convolutional Networks through Network Slimming, ICCV 2017, arXiv:1708.06519',
  needs: 'weights',
  sides: ['filters'],
  score: ({ layers, links }) =>
    scoreEach(layers, (_, { node, count }): LayerScores => {
      const scale = layerTail(node, links).normalization?.inputs[1]?.tensor?.data;
      if (!(scale instanceof Float32Array) || scale.length !== count) return WITHOUT;
      return { scores: Float64Array.from(scale, Math.abs) };
    }),
};

/** Exporters fold BatchNormalization away unless told otherwise. */
const WITHOUT = refuse(
  'unsupported',
  'no BatchNormalization follows it alone: export the network without folding ' +
    '(torch.onnx.export with training=TrainingMode.PRESERVE, do_constant_folding=False), or use `insertBatchnorm`',
);
