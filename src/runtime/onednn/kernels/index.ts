import { convolutionKernels } from './convolution.ts';
import { elementwiseKernels } from './elementwise.ts';
import type { Kernels } from './kernel.ts';
import { lossKernels } from './losses.ts';
import { matrixKernels } from './matrix.ts';
import { normalizationKernels } from './normalization.ts';
import { optimizerKernels } from './optimizers.ts';
import { poolingKernels } from './pooling.ts';
import { shapeChangeKernels } from './shape-changes.ts';
import { smallTensorKernels } from './small-tensors.ts';

/** How operators are lowered; those without a row, or whose row declines, run in onnxruntime. */
export const kernels: Kernels = {
  ...convolutionKernels,
  ...normalizationKernels,
  ...elementwiseKernels,
  ...poolingKernels,
  ...matrixKernels,
  ...lossKernels,
  ...optimizerKernels,
  ...shapeChangeKernels,
  ...smallTensorKernels,
};
