import type { OperatorName } from '../../../graph/operators/index.ts';
import { binaryKernels } from './binary.ts';
import { convolutionKernels } from './convolution.ts';
import { elementwiseKernels } from './elementwise.ts';
import { joiningKernels } from './joining.ts';
import type { Kernel, Kernels } from './kernel.ts';
import { lossKernels } from './losses.ts';
import { matrixKernels } from './matrix.ts';
import { normalizationKernels } from './normalization.ts';
import { optimizerKernels } from './optimizers.ts';
import { poolingKernels } from './pooling.ts';
import { resamplingKernels } from './resampling.ts';
import { rowNormalizationKernels } from './row-normalization.ts';
import { shapeChangeKernels } from './shape-changes.ts';
import { smallTensorKernels } from './small-tensors.ts';
import { softmaxKernels } from './softmax.ts';

/** The kernel of each operator. Operators without a kernel, and nodes that it declines, run in onnxruntime. */
export const kernels: Kernels = {
  ...onFloats(convolutionKernels),
  ...onFloats(normalizationKernels),
  ...onFloats(rowNormalizationKernels),
  ...onFloats(elementwiseKernels),
  ...onFloats(binaryKernels),
  ...onFloats(poolingKernels),
  ...onFloats(softmaxKernels),
  ...matrixKernels,
  ...joiningKernels,
  ...resamplingKernels,
  ...lossKernels,
  ...optimizerKernels,
  ...shapeChangeKernels,
  ...smallTensorKernels,
};

/** Adds a check to kernels: they decline nodes with inputs of other types than float32. */
function onFloats(table: Kernels): Kernels {
  const rows = Object.entries(table).map(([op, kernel]) => {
    const guarded: Kernel<OperatorName> = (call, scope) =>
      call.node.inputs.every((value) => !value || value.dtype === 'float32') &&
      (kernel as Kernel<OperatorName>)(call, scope);
    return [op, guarded] as const;
  });
  return Object.fromEntries(rows);
}
