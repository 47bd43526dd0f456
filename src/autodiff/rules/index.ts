import type { OperatorName } from '../../graph/operators/index.ts';
import type { GradientRows } from '../rule.ts';
import { activationGradients } from './activations.ts';
import { broadcastGradients } from './broadcasting.ts';
import { joiningGradients } from './concat-split-slice.ts';
import { constantGradients } from './constant.ts';
import { convolutionGradients } from './convolution.ts';
import { elementwiseGradients } from './elementwise.ts';
import { indexingGradients } from './indexing.ts';
import { matrixGradients } from './matrix.ts';
import { normalizationGradients } from './normalization.ts';
import { poolingGradients } from './pooling.ts';
import { quantizationGradients } from './quantization.ts';
import { reductionGradients } from './reduction.ts';
import { resamplingGradients } from './resampling.ts';
import { reshapeGradients } from './reshape.ts';
import { trainingGradients } from './training.ts';

/** One row per operator; a missing one does not compile. */
export const gradientRules: GradientRows<OperatorName> = {
  ...elementwiseGradients,
  ...activationGradients,
  ...broadcastGradients,
  ...matrixGradients,
  ...convolutionGradients,
  ...quantizationGradients,
  ...normalizationGradients,
  ...poolingGradients,
  ...resamplingGradients,
  ...reductionGradients,
  ...reshapeGradients,
  ...joiningGradients,
  ...indexingGradients,
  ...constantGradients,
  ...trainingGradients,
};
