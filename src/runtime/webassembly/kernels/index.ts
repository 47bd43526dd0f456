import { type Node, nodeLabel } from '../../../graph/graph.ts';
import { knownOperator, type OperatorName } from '../../../graph/operators/index.ts';
import { convolutionRow } from './convolution/index.ts';
import { gatherRow } from './gather.ts';
import { globalAveragePoolRow } from './global-average-pool.ts';
import type { KernelRow } from './kernel.ts';
import { gemmRow, matMulRow } from './matrix.ts';
import { layerNormalizationRow } from './normalization.ts';
import { padRow } from './pad.ts';
import { concatRow, identityRow, reshapeRow, transposeRow } from './placement.ts';
import { pointwiseRow } from './pointwise.ts';
import { averagePoolRow, maxPoolRow } from './pooling.ts';
import { reductionRows } from './reduce.ts';
import { expandRow, tileRow } from './repetition.ts';
import { resizeRow } from './resize.ts';
import { sliceRow, splitRow } from './selection.ts';
import { logSoftmaxRow, softmaxRow } from './softmax.ts';

const rows: { readonly [Op in OperatorName]?: KernelRow } = {
  Conv: convolutionRow,
  Gemm: gemmRow,
  MatMul: matMulRow,
  MaxPool: maxPoolRow,
  AveragePool: averagePoolRow,
  GlobalAveragePool: globalAveragePoolRow,
  ...reductionRows,
  LayerNormalization: layerNormalizationRow,
  Softmax: softmaxRow,
  LogSoftmax: logSoftmaxRow,
  Identity: identityRow,
  Dropout: identityRow,
  Reshape: reshapeRow,
  Flatten: reshapeRow,
  Squeeze: reshapeRow,
  Unsqueeze: reshapeRow,
  Concat: concatRow,
  Split: splitRow,
  Slice: sliceRow,
  Transpose: transposeRow,
  Gather: gatherRow,
  Expand: expandRow,
  Tile: tileRow,
  Resize: resizeRow,
  Pad: padRow,
};

/** The row of a node's operator. An operator without a row is computed elementwise, or refused. */
export function kernelOf(node: Node): KernelRow {
  const op = knownOperator(node);
  return (op && rows[op]) ?? pointwiseRow;
}

/** Why a node cannot be compiled, such as `attention (Einsum): it has no kernel`; null if it can. */
export function refusalOf(node: Node): string | null {
  const reason = kernelOf(node).refuse?.(node) ?? typeRefusal(node);
  return reason && `${nodeLabel(node)}: ${reason}`;
}

const typeRefusal = ({ outputs }: Node): string | null => {
  const other = outputs.find((output) => output && output.dtype !== 'float32');
  return other ? `its result is ${other.dtype ?? 'of unknown type'}, expected float32` : null;
};
